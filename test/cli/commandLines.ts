/** Splits a command line at spaces. */
export const words = (line: string): string[] => line.split(' ').filter(Boolean);

/** A valid --drive option. */
export const DRIVE = '--drive id=hd0,image=disk.img,format=raw';

/** A valid value for --rng-seed. */
export const SEED = '0123456789abcdefABCDEF'.padEnd(64, '0');
