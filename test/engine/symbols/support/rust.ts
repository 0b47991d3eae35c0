import path from 'node:path';
import { open } from './fixtures.ts';
import { runGdbCommands } from './gdb.ts';
import { frameAt } from './memory.ts';

/** See fixtures/rust/build.sh. */
export const RUST_FILE = path.resolve(import.meta.dirname, '../fixtures/rust/values-O0.elf');

/**
 * Opens the symbols of RUST_FILE. Returns them, and a frame at the entry of `main` on a machine on which the file has
 * just been loaded.
 */
export function openRust() {
  const symbols = open(RUST_FILE);
  return { symbols, frame: frameAt(symbols, RUST_FILE, 'main') };
}

/** Returns the text that gdb prints for each command, in Rust notation. */
export function printedByGdb(commands: string[]): string[] {
  const setup = ['set host-charset UTF-8', 'set language rust'];
  const answers = runGdbCommands(RUST_FILE, [...setup, ...commands]).slice(setup.length);
  return answers.map((lines) => shownByGdb(lines.filter((line) => !line.startsWith('warning: ')).join('')));
}

/**
 * Removes what only gdb prints: the type of a pointer, and warnings about vtable addresses in the middle of a value.
 */
const shownByGdb = (text: string) =>
  text
    .replace(/^\$\d+ = /, '')
    .replace(/^\(\*mut .*?\) (?=0x)/, '')
    .replace(/warning: .*/, '}')
    // gdb shows hashes in the names of statics.
    .replace(/::h[0-9a-f]{16}(?=[>+])/g, '')
    .replace('-0.10000000000000001', '-0.1');
