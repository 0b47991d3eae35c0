import { FIRMWARE_BASE64 } from './firmwareImage.ts';

/**
 * The firmware that is used where nobody names another (`--bios builtin`): an SBI implementation of our own, in
 * machine-mode code; its sources are in `firmware/`. It runs on the hart like any guest code.
 */
export function builtinFirmware(): Uint8Array {
  return Uint8Array.from(atob(FIRMWARE_BASE64), (letter) => letter.charCodeAt(0));
}

/** What it closes to all below machine mode, from the start of RAM on (FIRMWARE_BYTES in its build.sh). */
export const FIRMWARE_MEMORY_BYTES = 0x40000;
