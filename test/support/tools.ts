import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';

/**
 * Checks that an external tool that a test needs is available, and returns whether it is. If the tool is missing on a
 * developer's machine, the test is skipped with a message. In CI, the test fails instead, so that no check is skipped
 * unnoticed.
 */
export function requireTool(tool: string, t: TestContext): boolean {
  if (isInstalled(tool)) return true;
  if (process.env.CI) throw new Error(`${tool} is missing: CI must have it`);
  t.skip(`${tool} is not installed`);
  return false;
}

/** Whether a program is on PATH. Running it with `--version` instead would take up to 0.4 s. */
function isInstalled(tool: string): boolean {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.some((folder) => {
    try {
      accessSync(path.resolve(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a tool and returns its output. If the tool fails, throws an error that contains the tool's stderr output. */
export function runTool(tool: string, args: string[]): string {
  return execFileSync(tool, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28 });
}
