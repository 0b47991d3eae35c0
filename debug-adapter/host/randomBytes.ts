/** Loaded when first asked for: most runs never are, and it is the slowest module to load of all that the host uses. */
export function randomBytes(lengthBytes: number): Uint8Array {
  return new Uint8Array(process.getBuiltinModule('node:crypto').randomBytes(lengthBytes));
}
