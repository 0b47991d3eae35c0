/**
 * `/chosen/rng-seed`: 32 bytes in the device tree that a guest starts its random numbers from, as QEMU's virt has them.
 * In settings and recordings they are 64 hexadecimal digits. A reset finds the same ones again.
 */
export const RNG_SEED_BYTES = 32;

export const seedDigits = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const seedBytes = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
