/** Wraps a compressed kernel in an EFI zboot image as the Linux build does
 * (drivers/firmware/efi/libstub/zboot-header.S), with the kernel's length at the end unless the caller omits it. The
 * program at the start of the image, which EFI would run, is empty.
 */
export function zbootImage(compression: string, payload: Uint8Array, lengthBytes?: number): Uint8Array {
  const bytes = new Uint8Array(PAYLOAD_AT + payload.length + (lengthBytes === undefined ? 0 : 4));
  const view = new DataView(bytes.buffer);
  const text = (at: number, letters: string) => bytes.set(new TextEncoder().encode(letters), at);
  text(0, 'MZ');
  text(4, 'zimg');
  view.setUint32(8, PAYLOAD_AT, true);
  view.setUint32(12, payload.length, true);
  text(24, compression);
  view.setUint32(56, 0x818223cd, true);
  bytes.set(payload, PAYLOAD_AT);
  if (lengthBytes !== undefined) view.setUint32(PAYLOAD_AT + payload.length, lengthBytes, true);
  return bytes;
}

const PAYLOAD_AT = 0x200;
