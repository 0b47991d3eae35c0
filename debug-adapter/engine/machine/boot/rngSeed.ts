/**
 * The length of `/chosen/rng-seed`, a device tree property whose random bytes seed the guest's random number generator,
 * as on QEMU's virt. Settings and recordings contain the seed as 64 hexadecimal digits. A reset does not change the
 * seed.
 */
export const RNG_SEED_BYTES = 32;

export const seedDigits = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const seedBytes = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
