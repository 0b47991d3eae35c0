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

  /** The words to put before `node` on the command line so that it runs with the fault: `env` and its arguments. */
  words(sandbox: Sandbox, { kind, at, persists }: Fault): string[] {
    return [...this.preloaded(sandbox), `FAULT_AT=${at}`, `FAULT_KIND=${kind}`, ...(persists ? ['FAULT_STAYS=1'] : [])];
  }

  /** Runs a program without injecting a fault, and returns the number of its calls that could be made to fail. */
  async countCalls(sandbox: Sandbox, run: (through: string[]) => Promise<Outcome>): Promise<number> {
    const count = `${sandbox.folder}.count`;
    try {
      const outcome = await run([...this.preloaded(sandbox), `FAULT_COUNT=${count}`]);
      if (outcome.status !== 0) throw new Error(`without a fault: exit status ${outcome.status}, ${outcome.stderr}`);
      return Number(fs.readFileSync(count, 'utf8'));
    } finally {
      fs.rmSync(count, { force: true });
    }
  }

  private preloaded(sandbox: Sandbox): string[] {
    return ['env', `LD_PRELOAD=${this.library}`, `FAULT_FOLDER=${fs.realpathSync(sandbox.folder)}/`];
  }
}
