/** The names of files, as people are shown them: nothing of them reaches the disk. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { disposition, isShown, mediaType, toldType } from "../../src/upload/media-type.ts";
import { cleanName, pathOf, pathTo } from "../../src/upload/place.ts";

const id = "aaaaaaaaaaaaaaaaaaaaaa";

describe("XEP-0363 section 4: the file's name stays as it is, as far as it can", () => {
  it("is the last part, with its ending", () => {
    expect(cleanName("très cool.jpg")).toBe("très cool.jpg");
    expect(cleanName("C:\\photos\\me.png")).toBe("me.png");
    expect(cleanName("../../etc/passwd")).toBe("passwd");
    expect(cleanName("photo\u202Egnp.exe")).toBe("photognp.exe");
    expect(cleanName(`${"x".repeat(300)}.jpeg`)).toBe(`${"x".repeat(250)}.jpeg`);
    expect(["", ".", "..", "/", "...", "\u0000"].map(cleanName)).toEqual(["file", "file", "file", "file", "file", "file"]);
  });

  it("is short and leads back to itself, whatever a client calls its file", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (text) => {
        const name = cleanName(text);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
        expect(name).not.toMatch(/[\u0000-\u001F/\\]/);
        expect(pathOf(pathTo(id, name))).toEqual({ id, name });
        expect(disposition("attachment", name)).toMatch(/^attachment; filename="[\u0020-\u007E]*"; filename\*=UTF-8''[\w.%!~-]*$/);
      }),
    );
  });

  it("is clean at once, however long it was", () => {
    const began = process.cpuUsage().user;
    cleanName(`${"\u0300".repeat(250_000)}.png`);
    expect(process.cpuUsage().user - began).toBeLessThan(1_000_000);
  });
});

describe("what a browser is told of a file", () => {
  it("is the type alone, and bytes where it is none", () => {
    expect(mediaType("Image/PNG")).toBe("image/png");
    expect(mediaType("text/plain; charset=utf-8")).toBe("text/plain; charset=utf-8");
    expect(mediaType('Text/Plain;CHARSET="UTF-8"; format=flowed')).toBe("text/plain; charset=utf-8");
    expect(["audio/webm;codecs=opus", 'audio/webm; codecs="opus, vorbis"', "audio/webm;"].map(mediaType)).toEqual(["audio/webm", "audio/webm", "audio/webm"]);
    const none = ["", undefined, "x", "text/html\r\nx: y", "a/b; c", "a/b; c=d\r\nx: y", "a/b,c/d", `a/b; c=${"d".repeat(300)}`, `a/b${" ".repeat(250_000)}x`, `a/b;${" ;".repeat(100)}x`];
    expect(none.map(mediaType)).toEqual(none.map(() => "application/octet-stream"));
  });

  it("is bytes where a page that comes from the same place could run it", () => {
    const run = ["text/javascript", "application/javascript; charset=utf-8", "application/x-javascript", "text/ecmascript", "text/javascript1.5", "text/jscript", "text/livescript", "text/css"];
    expect(run.map(toldType)).toEqual(run.map(() => "application/octet-stream"));
    expect(["image/png", "text/plain; charset=utf-8", "text/csv"].map(toldType)).toEqual(["image/png", "text/plain; charset=utf-8", "text/csv"]);
  });

  it("is to show what cannot hold a script, and nothing else", () => {
    expect(["image/png", "video/mp4", "audio/ogg"].every(isShown)).toBe(true);
    expect(["image/svg+xml", "text/html", "text/plain", "application/pdf", "video/x+xml"].some(isShown)).toBe(false);
  });
});
