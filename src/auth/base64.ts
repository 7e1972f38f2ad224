/**
 * The bytes of `text`, or undefined unless it is base64 as RFC 4648 section 4 writes it: that alphabet alone, padded,
 * no white space, and the unused bits zero (RFC 6120 section 6.3.5). The empty text is no bytes.
 */
export function decodeBase64Strict(text: string): Uint8Array | undefined {
  // Node reads much that is not base64; what it reads as written is what it writes back the same.
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

/** RFC 4648 section 4, padded, in one line. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
