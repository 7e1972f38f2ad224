import { describe, expect, it } from "vitest";
import { footer, header, Reading, read, readBytewise } from "./reading.ts";

const conversation = `<?xml version='1.0' encoding='UTF-8'?>\n${header}\
<message to='é'><body>漢&amp;😀<![CDATA[]]]]>\r\n</body></message>\n<p:a xmlns:p='urn:p'/>${footer}`;

describe("an XML stream is the same however its bytes are cut", () => {
  const whole = read(conversation);
  it("byte by byte", () => {
    const bytewise = readBytewise(conversation);
    expect(bytewise.told).toEqual(["opened", "element", "element", "ended"]);
    expect(bytewise.elements.map(String)).toEqual(whole.elements.map(String));
    expect(bytewise.sizes).toEqual(whole.sizes);
  });
  it("at every one place", () => {
    const bytes = Buffer.from(conversation);
    for (let at = 0; at <= bytes.length; at += 1) {
      const halves = read(bytes.subarray(0, at), bytes.subarray(at));
      expect(halves.elements.map(String)).toEqual(whole.elements.map(String));
      expect(halves.told).toEqual(whole.told);
    }
  });
  it("tells each element as soon as its last byte is there, with its size on the wire", () => {
    const reading = read(header, "<message id='1'><body>é</body></message");
    expect(reading.told).toEqual(["opened"]);
    expect(reading.write("> ", "<iq/>").sizes).toEqual([41, 5]);
    expect(reading.told).toEqual(["opened", "element", "element"]);
  });
  it("takes any Uint8Array", () => {
    const bytes = new Uint8Array(Buffer.from(`xx${header}<iq/>`));
    expect(read(bytes.subarray(2)).told).toEqual(["opened", "element"]);
  });
});

describe("pause holds at once", () => {
  it("tells nothing more from the same bytes until resume, which goes on before it returns", () => {
    const reading = new Reading();
    reading.after = () => reading.parser.pause();
    reading.write(header + "<a xmlns='urn:a'/><b xmlns='urn:b'/>" + footer);
    for (const told of [["opened"], ["opened", "element"], ["opened", "element", "element"], ["opened", "element", "element", "ended"]]) {
      expect(reading.told).toEqual(told);
      reading.parser.resume();
    }
  });
  it("keeps what is written meanwhile, in order", () => {
    const reading = read(header);
    reading.parser.pause();
    reading.write("<a xmlns='urn:a'/><b xml", "ns='urn:b'/>", "", "<c xmlns='urn:c'/>");
    expect(reading.told).toEqual(["opened"]);
    reading.parser.resume();
    expect(reading.elements.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });
  it("holds the end of an empty stream, and a fault", () => {
    const empty = new Reading();
    empty.after = () => empty.parser.pause();
    expect(empty.write(header.replace(">", "/>")).told).toEqual(["opened"]);
    empty.parser.resume();
    expect(empty.told).toEqual(["opened", "ended"]);
    const faulty = new Reading();
    faulty.after = () => faulty.parser.pause();
    expect(faulty.write(`${header}<!-- -->`).told).toEqual(["opened"]);
    faulty.parser.resume();
    expect(faulty.told).toEqual(["opened", "failed"]);
  });
  it("can be taken back within the same call, without nesting", () => {
    const reading = new Reading();
    const depths: number[] = [];
    let depth = 0;
    reading.after = () => {
      depth += 1;
      depths.push(depth);
      reading.parser.pause();
      reading.parser.write(Buffer.from(reading.elements.length === 1 ? "<c xmlns='urn:c'/>" : ""));
      reading.parser.resume();
      depth -= 1;
    };
    reading.write(`${header}<a xmlns='urn:a'/><b xmlns='urn:b'/>`);
    expect(reading.elements.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(depths).toEqual([1, 1, 1, 1]);
  });
  it("survives an exception in the handler, and goes on after it", () => {
    const reading = read(header);
    reading.after = () => {
      throw new Error("handler");
    };
    expect(() => reading.write("<a xmlns='urn:a'/><b xmlns='urn:b'/>")).toThrow("handler");
    reading.after = () => {};
    reading.write("<c xmlns='urn:c'/>");
    expect(reading.elements.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });
});

describe("RFC 6120 section 4.3.3 restarts", () => {
  const login = `${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/><?xml version='1.0'?>${header}<iq id='1'/>`;
  it("from within the handler, the next stream in the same bytes", () => {
    expect(restartAfterAuth(new Reading()).write(login).told).toEqual(["opened", "element", "opened", "element"]);
  });
  it("the same byte by byte", () => {
    const reading = restartAfterAuth(new Reading());
    for (const byte of Buffer.from(login)) reading.parser.write(Uint8Array.of(byte));
    expect(reading.told).toEqual(["opened", "element", "opened", "element"]);
  });
  it("while paused, as when authentication takes its time", () => {
    const reading = new Reading();
    reading.after = () => {
      if (reading.told.length === 2) reading.parser.pause();
    };
    reading.write(login);
    expect(reading.told).toEqual(["opened", "element"]);
    reading.parser.restart();
    expect(reading.told).toEqual(["opened", "element"]);
    reading.parser.resume();
    expect(reading.told).toEqual(["opened", "element", "opened", "element"]);
  });
  it("forgets prefixes and the default namespace of the stream before", () => {
    const reading = read(header.replace("<stream:stream", "<stream:stream xmlns:p='urn:p'"));
    reading.parser.restart();
    reading.write(header, "<p:a/>");
    expect(reading.condition).toBe("not-well-formed");
  });
  it("forgets an XML declaration half read", () => {
    const reading = read("<?xml vers");
    reading.parser.restart();
    expect(reading.write("<?xml version='1.0'?>", header).told).toEqual(["opened"]);
  });
  it("forgets an element, a reference, a character half read", () => {
    for (const half of ["<message to='a&am", "<message><body>&#x4", "<iq id='a\r", "<iq id='a", "<message><![CDA", "<message><![CDATA[x]", "<a:b"]) {
      const reading = read(header, half);
      reading.parser.restart();
      reading.write(`<?xml version='1.0'?>${header}<iq id='b'>&amp;</iq>`);
      expect(reading.elements.map(String)).toEqual(['<iq xmlns="jabber:client" id="b">&amp;</iq>']);
    }
    const reading = read(header, Buffer.concat([Buffer.from("<iq id='"), Buffer.of(0xf0, 0x9f)]));
    reading.parser.restart();
    expect(reading.write(header, "<iq/>").told).toEqual(["opened", "opened", "element"]);
  });
});

describe("RFC 6120 section 5.4.3.1: what follows starttls in the clear is dropped", () => {
  it("drops retained bytes, then takes a new stream", () => {
    const reading = new Reading();
    reading.after = (what) => {
      if (what === "element") reading.parser.pause();
    };
    reading.write(`${header}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><iq id='injected'/>`, "<iq id='too'/>");
    reading.parser.discard();
    reading.parser.restart();
    reading.parser.resume();
    expect(reading.write(header, "<iq id='secure'/>").elements.map(({ attrs }) => attrs["id"] as unknown)).toEqual([undefined, "secure"]);
  });
  it("also from within the handler", () => {
    const reading = new Reading();
    reading.after = (what) => {
      if (what === "element" && reading.elements.length === 1) {
        reading.parser.discard();
        reading.parser.restart();
      }
    };
    reading.write(`${header}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><iq/>`);
    expect(reading.write(header, "<iq/>").told).toEqual(["opened", "element", "opened", "element"]);
  });
});

function restartAfterAuth(reading: Reading): Reading {
  reading.after = () => {
    if (reading.told.length === 2) reading.parser.restart();
  };
  return reading;
}
