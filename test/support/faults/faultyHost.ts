import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Outcome, Sandbox } from '../cli.ts';
import { requireTool } from '../tools.ts';

/**
 * A host on which one chosen call fails or kills the process. The call is chosen by its number among the calls that
 * change files in a sandbox. The calls are intercepted by our library (shim.c), which is preloaded into the process, so
 * the program under test is unmodified.
 */
export type FaultKind =
  | 'kill' // kills the process before the call
  | 'torn' // kills the process after half of a write
  | 'after' // kills the process after the call
  | 'eio'
  | 'enospc'
  | 'short'; // a write writes half of its data and returns that length

export interface Fault {
  kind: FaultKind;
  /** The number of the call, from 1. */
  at: number;
  /** Whether later calls fail too, as on a disk that is full or has been removed. */
  persists: boolean;
}

/** The exit status of a process that the shim has killed. */
export const KILLED = 137;

export class FaultyHost {
  private library: string;

  private constructor(library: string) {
    this.library = library;
  }

  /** Skips the test and returns undefined on a host that cannot build or preload the library. */
  static build(t: TestContext): FaultyHost | undefined {
    if (process.platform !== 'linux') return void t.skip('faults are injected with LD_PRELOAD, which requires Linux');
    if (!requireTool('cc', t)) return undefined;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-faults-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const library = path.join(folder, 'shim.so');
    const source = path.join(import.meta.dirname, 'shim.c');
    const built = spawnSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl'], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`shim.c: ${built.stderr}`);
    return new FaultyHost(library);
  }

  /**
   * Runs a program with the fault. `isReached` is false if the program ended before the chosen call: a program that
   * writes in the background combines more or fewer writes, so the number of its calls varies.
   */
  async run(
    sandbox: Sandbox,
    { kind, at, persists }: Fault,
    start: (through: string[]) => Promise<Outcome>,
  ): Promise<{ outcome: Outcome; isReached: boolean }> {
    const fault = [`FAULT_AT=${at}`, `FAULT_KIND=${kind}`, ...(persists ? ['FAULT_STAYS=1'] : [])];
    const { outcome, calls } = await this.counted(sandbox, fault, start);
    return { outcome, isReached: calls === undefined || calls >= at };
  }

  /** Runs a program without injecting a fault, and returns the number of its calls that could be made to fail. */
  async countCalls(sandbox: Sandbox, start: (through: string[]) => Promise<Outcome>): Promise<number> {
    const { outcome, calls } = await this.counted(sandbox, [], start);
    if (outcome.status !== 0) throw new Error(`without a fault: exit status ${outcome.status}, ${outcome.stderr}`);
    assert.ok(calls, 'the program writes');
    return calls;
  }

  /** `calls` is undefined if the program was killed. */
  private async counted(
    sandbox: Sandbox,
    variables: readonly string[],
    start: (through: string[]) => Promise<Outcome>,
  ): Promise<{ outcome: Outcome; calls?: number }> {
    const file = `${sandbox.folder}.count`;
    const watched = [`LD_PRELOAD=${this.library}`, `FAULT_FOLDER=${fs.realpathSync(sandbox.folder)}/`];
    try {
      const outcome = await start(['env', ...watched, `FAULT_COUNT=${file}`, ...variables]);
      return { outcome, calls: fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : undefined };
    } finally {
      fs.rmSync(file, { force: true });
    }
  }
}
