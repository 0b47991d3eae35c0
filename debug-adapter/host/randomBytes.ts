/** Loads node:crypto on first use, because no other Node module takes as long to load, and most runs do not need it. */
export function randomBytes(lengthBytes: number): Uint8Array {
  return new Uint8Array(process.getBuiltinModule('node:crypto').randomBytes(lengthBytes));
}
