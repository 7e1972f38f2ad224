/** Cuts a stream of bytes into lines of text; calls `tooLong` once, and nothing after it, if one passes `bytesMax`. */
export function lineSplitter(bytesMax: number, line: (text: string) => void, tooLong: () => void): (bytes: Uint8Array) => void {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let over = false;

  const take = (bytes: Uint8Array): boolean => {
    pendingBytes += bytes.length;
    if (pendingBytes > bytesMax) {
      over = true;
      pending = [];
      tooLong();
    } else {
      pending.push(bytes);
    }
    return !over;
  };

  return (bytes) => {
    let start = 0;
    if (over) return;
    for (;;) {
      const end = bytes.indexOf(0x0a, start);
      if (!take(bytes.subarray(start, end === -1 ? undefined : end)) || end === -1) return;
      const text = Buffer.concat(pending).toString("utf8");
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      line(text);
    }
  };
}
