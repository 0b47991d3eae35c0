/**
 * Loads node:crypto on first use, because it takes longer to load than any other Node module and most runs do not need
 * it.
 */
export function randomBytes(lengthBytes: number): Uint8Array {
  return new Uint8Array(process.getBuiltinModule('node:crypto').randomBytes(lengthBytes));
}
