import fs from 'node:fs';
import path from 'node:path';
import { openSymbols, type Symbols } from '../../../../debug-adapter/engine/symbols/index.ts';
import { nodeCompression } from '../../../../debug-adapter/host/compression.ts';
import { guest } from '../../../support/guests.ts';

const FOLDER = path.resolve(import.meta.dirname, '../fixtures');

/** Returns the path of a fixture with a name such as `flow-Og-v5`. The fixtures are built by fixtures/build.sh. */
export const fixture = (name: string): string => path.join(FOLDER, `${name}.elf`);

export const FIXTURES = fs
  .readdirSync(FOLDER)
  .filter((name) => name.endsWith('.elf'))
  .map((name) => path.join(FOLDER, name));

/** The files on which blkreplay is compared with other tools. */
export const COMPARED_FILES = [
  ...FIXTURES,
  guest('demo/demo'),
  guest('kernel/oslet'),
  guest('kernel/user/sh'),
  guest('small/traps'),
];

export function open(file: string): Symbols {
  return openSymbols({ name: path.basename(file), bytes: fs.readFileSync(file), compression: nodeCompression });
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
