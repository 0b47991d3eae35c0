import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { requireTool } from '../support/tools.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { ROOT } from './documents.ts';

/**
 * A temporary copy of the parts of the repository that the examples use: `test/guests`, and a link to `dist`. Examples
 * that create files therefore do not change the repository.
 */
export function sampleRepository(t: TestContext): { folder: string; guests: string } {
  const folder = temporaryFolder(t);
  const guests = path.join(folder, 'test/guests');
  mkdirSync(guests, { recursive: true });
  cpSync(path.join(ROOT, 'test/guests'), guests, {
    recursive: true,
    filter: (file) => !file.includes('.blkreplay'),
  });
  symlinkSync(path.join(ROOT, 'dist'), path.join(folder, 'dist'), 'junction');
  return { folder, guests };
}

/** Builds the cookbook's guests in the copy. Returns false, and skips the test, if there is no cross-compiler. */
export function buildCookbookGuests(guests: string, t: TestContext): boolean {
  if (!requireTool('riscv64-unknown-elf-gcc', t)) return false;
  const { status, stderr } = spawnSync('./build.sh', ['cookbook'], { cwd: guests, encoding: 'utf8' });
  if (status !== 0) throw new Error(`build.sh cookbook failed: ${stderr}`);
  return true;
}

/** The environment of an example: `node` is the Node.js that runs the tests. */
export const EXAMPLE_ENVIRONMENT = {
  ...process.env,
  PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
};
