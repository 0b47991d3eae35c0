/**
 * The length of `/chosen/rng-seed`: random bytes in the device tree that seed a guest's random number generator, as on
 * QEMU's virt. Settings and recordings hold them as 64 hexadecimal digits. They stay the same after a reset.
 */
export const RNG_SEED_BYTES = 32;

export const seedDigits = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const seedBytes = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
