import { execFileSync, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/**
 * Requires an external program for a comparison. On a user's machine, a test without its tool is skipped with a
 * message; in CI a missing tool fails the test, so that no check is skipped unnoticed. Returns whether the tool is
 * available.
 */
export function requireTool(tool: string, t: TestContext): boolean {
  const found = spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined;
  if (found) return true;
  if (process.env.CI) throw new Error(`${tool} is missing: CI must have it`);
  t.skip(`${tool} is not installed`);
  return false;
}

/** Runs a tool and returns its output; on failure, throws an error that contains the tool's stderr. */
export function runTool(tool: string, args: string[]): string {
  return execFileSync(tool, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28 });
}
