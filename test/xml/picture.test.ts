import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseElement } from "../../src/xml/parse-element.ts";
import { photoOf, readPicture, withPhoto, type Picture } from "../../src/xml/picture.ts";
import { serialise } from "../../src/xml/serialise.ts";

const card = (content: string) => parseElement(`<vCard xmlns='vcard-temp'>${content}</vCard>`);
const shown = (element: ReturnType<typeof card>) => serialise(element).replace(/^<vCard xmlns="vcard-temp">|<\/vCard>$|^<vCard xmlns="vcard-temp"\/>$/g, "");

describe("XEP-0084 section 4.1 the data of a picture", () => {
  it("are any bytes, in base64 that may be broken into lines, and are known by their hash", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.array(fc.nat(300)), (bytes, breaks) => {
      const base64 = Buffer.from(bytes).toString("base64");
      const broken = breaks.reduce((text, at) => `${text.slice(0, at)}\r\n ${text.slice(at)}`, base64);
      const hash = createHash("sha1").update(bytes).digest("hex");
      expect(readPicture(broken, "image/PNG")).toEqual({ type: "image/png", base64, bytes: bytes.length, hash });
    }));
  });

  it.each(["", " \n", "=", "iVBORw0KGgo", "iVBORw0KGgo==", "iVBORw0KGg-_", "iVBO=Rw0", "iVBORw0KGgp=", "ä", "iVBO&#0;"])("are not %j", (text) => {
    expect(readPicture(text, "image/png")).toBeUndefined();
  });

  it.each([
    ["image/svg+xml", "image/svg+xml"], ["video/mp4", "video/mp4"], ["IMAGE/GIF", "image/gif"], ["", "image/png"], ["text/html", "image/png"],
    ["image/", "image/png"], ["image/a b", "image/png"], [`image/${"x".repeat(200)}`, "image/png"],
  ])("are of the type %j as %s", (given, type) => {
    expect(readPicture("AAAA", given)?.type).toBe(type);
  });
});

describe("XEP-0054 section 3.2 the picture of a vCard", () => {
  const photo = "<PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO>";
  const picture = readPicture("AAAA", "image/png") as Picture;

  it.each([
    ["", "none"], ["<FN>x</FN>", "none"], ["<PHOTO/>", "none"], ["<PHOTO><BINVAL> </BINVAL><TYPE>image/png</TYPE></PHOTO>", "none"],
    ["<PHOTO xmlns='urn:x'><BINVAL>AAAA</BINVAL></PHOTO>", "none"], ["<LOGO><BINVAL>AAAA</BINVAL></LOGO>", "none"],
    ["<PHOTO><BINVAL>A</BINVAL></PHOTO>", "other"], ["<PHOTO><EXTVAL>http://x</EXTVAL></PHOTO>", "other"], [photo, picture],
    ["<PHOTO>\n<BINVAL>\nAA\nAA\n</BINVAL>\n<TYPE>\nimage/png\n</TYPE></PHOTO>", picture],
  ])("of %j is %j", (content, expected) => {
    expect(photoOf(card(content))).toEqual(expected);
  });

  it.each([
    ["<FN>x</FN>", "<FN>x</FN>"], ["<FN>x</FN> <PHOTO/> <N/>", "<FN>x</FN> * <N/>"], [`${photo}<N/>${photo}`, "*<N/>"],
  ])("of %j is put where it was, once", (content, around) => {
    const place = around.includes("*") ? around : `${around}*`;
    expect(shown(withPhoto(card(content), picture))).toBe(place.replace("*", photo));
    expect(shown(withPhoto(card(content), null))).toBe(place.replace("*", "<PHOTO/>"));
    expect(shown(withPhoto(card(content), undefined))).toBe(around.replace("*", ""));
  });
});
