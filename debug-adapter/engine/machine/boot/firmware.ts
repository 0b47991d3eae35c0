import { FIRMWARE_BASE64 } from './firmwareImage.ts';

/**
 * The built-in firmware, used by default (`--bios builtin`): an SBI implementation that runs in machine mode. Its
 * sources are in `firmware/`. The hart executes it like any other guest code.
 */
export function builtinFirmware(): Uint8Array {
  return Uint8Array.from(atob(FIRMWARE_BASE64), (letter) => letter.charCodeAt(0));
}

/**
 * The size of the memory at the start of RAM that the firmware protects from lower privilege modes (FIRMWARE_BYTES in
 * build.sh).
 */
export const FIRMWARE_MEMORY_BYTES = 0x40000;
