import fs from 'node:fs';
import path from 'node:path';

/** The guests in test/guests and their expected output (see the README there). */
const GUESTS = path.resolve(import.meta.dirname, '../guests');

/** `demo/demo`, `kernel/oslet`, `small/timer`, ... */
export const guest = (name: string): string => path.join(GUESTS, `${name}.elf`);

/** A file with the input that is typed into the kernel's shell. */
export const SESSION = path.join(GUESTS, 'kernel/session.txt');

/** The names of all small guests. */
export const SMALL_GUESTS = fs
  .readdirSync(path.join(GUESTS, 'small'))
  .filter((name) => name.endsWith('.elf'))
  .map((name) => name.replace(/\.elf$/, ''));

/** The console output and the exit code in `X.expected`. */
export function expected(name: string): { console: string; guestExit: number } {
  const text = fs.readFileSync(path.join(GUESTS, `${name}.expected`), 'latin1');
  const [line, code] = /\[exit code (\d+)\]\n$/.exec(text) ?? ['', '0'];
  return { console: text.slice(0, text.length - line.length), guestExit: Number(code) };
}

/**
 * Masks the numbers that vary between runs: the wrong value that the demo prints is a time, and the journal's length
 * depends on when timer interrupts occur.
 */
export function maskDemo(console: string): string {
  return console.replace(/entry_count is (\d+|#)/, 'entry_count is #').replace(/(backlog level up to) \d+/, '$1 #');
}
