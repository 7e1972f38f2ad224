/** Data forms as values. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formFieldsMax } from "../../src/domain/limits.ts";
import { booleanOf, dataForm, findForm, readForm } from "../../src/xml/data-form.ts";
import { parseElement } from "../../src/xml/parse-element.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { el } from "../../src/xml/stanza.ts";

const form = (fields: string, type = "submit") => readForm(parseElement(`<x xmlns='jabber:x:data' type='${type}'>${fields}</x>`));

describe("XEP-0004 section 3.2: a form that was sent", () => {
  it("tells its kind, whose fields it has, and their values", () => {
    expect(form(
      "<title>Search</title><field var='FORM_TYPE' type='hidden'><value>urn:x</value></field><field type='fixed'><value>Heading</value></field>" +
      "<field var='a'><value>1</value><value> 2 </value></field><field var='b'/><field var='c'><value/></field><other xmlns='urn:y'/>",
    )).toEqual({ kind: "submit", formType: "urn:x", fields: new Map([["a", ["1", " 2 "]], ["b", []], ["c", [""]]]) });
  });

  it("may be of no type, and without fields", () => {
    expect(form("", "cancel")).toEqual({ kind: "cancel", formType: undefined, fields: new Map() });
  });

  it.each([
    { what: "a kind that there is not", fields: "", type: "wish" },
    { what: "a field without a name", fields: "<field><value>1</value></field>" },
    { what: "two fields of one name", fields: "<field var='a'/><field var='a'/>" },
    { what: "two FORM_TYPEs", fields: "<field var='FORM_TYPE'><value>a</value></field><field var='FORM_TYPE'><value>a</value></field>" },
    { what: "a FORM_TYPE of two values", fields: "<field var='FORM_TYPE'><value>a</value><value>b</value></field>" },
    { what: "an empty FORM_TYPE", fields: "<field var='FORM_TYPE'/>" },
    { what: "an element in a value", fields: "<field var='a'><value>1<b/></value></field>" },
    { what: "too many fields", fields: Array.from({ length: formFieldsMax + 1 }, (_, index) => `<field var='f${index}'/>`).join("") },
  ])("is malformed with $what", ({ fields, type }) => {
    expect(form(fields, type)).toBeUndefined();
  });

  it("is malformed without a kind", () => {
    expect(readForm(parseElement("<x xmlns='jabber:x:data'/>"))).toBeUndefined();
  });

  it("has as many fields as are read", () => {
    expect(form(Array.from({ length: formFieldsMax }, (_, index) => `<field var='f${index}'/>`).join(""))?.fields.size).toBe(formFieldsMax);
  });
});

describe("XEP-0004: a form that is built", () => {
  it("names its type first, and says what is to be filled in", () => {
    const built = dataForm("form", "urn:x", [
      { var: "a", type: "list-single", label: "A", values: ["1"], options: ["1", "2"] },
      { var: "b", type: "list-multi", elements: [el("validate", { xmlns: "urn:v" })] },
    ]);
    expect(serialise(built)).toBe(
      '<x xmlns="jabber:x:data" type="form"><field var="FORM_TYPE" type="hidden"><value>urn:x</value></field>' +
      '<field var="a" type="list-single" label="A"><value>1</value><option label="1"><value>1</value></option><option label="2"><value>2</value></option></field>' +
      '<field var="b" type="list-multi"><validate xmlns="urn:v"/></field></x>',
    );
  });

  it("is read as what it was built from, whatever its values are", () => {
    const text = fc.string({ unit: fc.constantFrom("a", " ", "<", "&", "'", "é", "😀", "\n") });
    const fields = fc.uniqueArray(fc.record({ var: text, values: fc.array(text) }), { selector: (field) => field.var });
    fc.assert(fc.property(text, fields, (type, fields) => {
      const sent = parseElement(serialise(el("query", { xmlns: "urn:q" }, dataForm("submit", type, fields))));
      const read = readForm(findForm(sent)!);
      expect(read).toEqual({ kind: "submit", formType: type, fields: new Map(fields.map((field) => [field.var, field.values])) });
    }));
  });
});

describe("XEP-0004 section 3.3: boolean", () => {
  it("has four ways to be written", () => {
    expect(["0", "false", "1", "true", "TRUE", "yes", "", undefined].map(booleanOf)).toEqual([false, false, true, true, undefined, undefined, undefined, undefined]);
  });
});
