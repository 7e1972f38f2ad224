/** Every bound of the server that is not a choice of the operator. Units come last in the names. */

/** What one XML stream may carry. */
export interface XmlLimits {
  /** Bytes of one first-level element, and of a stream header. */
  readonly stanzaBytesMax: number;
  /** Nesting, the first-level element being 1. */
  readonly depthMax: number;
  /** Attributes of one element, namespace declarations included. */
  readonly attributesMax: number;
  /** Bytes of an element or attribute name. */
  readonly nameBytesMax: number;
  /** Elements within one first-level element, itself included. */
  readonly elementsMax: number;
}

/** Before authentication: RFC 6120 section 13.12 allows no less than 10,000 bytes. */
export const xmlLimitsUnauthenticated: XmlLimits = {
  stanzaBytesMax: 10_000,
  depthMax: 8,
  attributesMax: 16,
  nameBytesMax: 128,
  elementsMax: 64,
};

export const xmlLimitsAuthenticated: XmlLimits = {
  stanzaBytesMax: 262_144,
  depthMax: 64,
  attributesMax: 64,
  nameBytesMax: 512,
  elementsMax: 8_192,
};
