import { execFileSync, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/**
 * Checks that an external tool that a test needs is available, and returns whether it is. If the tool is missing on a
 * developer's machine, the test is skipped with a message. In CI, the test fails instead, so that no check is skipped
 * unnoticed.
 */
export function requireTool(tool: string, t: TestContext): boolean {
  const found = spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined;
  if (found) return true;
  if (process.env.CI) throw new Error(`${tool} is missing: CI must have it`);
  t.skip(`${tool} is not installed`);
  return false;
}

/** Runs a tool and returns its output. If the tool fails, throws an error that contains the tool's stderr output. */
export function runTool(tool: string, args: string[]): string {
  return execFileSync(tool, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28 });
}
