import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DapClient } from '../support/dapClient.ts';
import { LINUX_FOLDER, linuxLaunch, PROMPT } from '../support/linuxGuest.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { milliseconds, reportTimes } from './figures.ts';

const TARGETS = { cpuPercent: 3, pause: 50, echo: 50 };
const IDLE_SECONDS = 10;

/**
 * Measures how much processor time a Linux guest consumes while it is waiting at its prompt, and how quickly the debug
 * adapter responds. A separate debug adapter process records the guest with `idle: realtime`. The guest is the one used
 * by test/cli/linux.long.test.ts, in the folder that BLKREPLAY_LINUX_GUEST names.
 */
export async function measureIdle(samples: number): Promise<void> {
  if (LINUX_FOLDER === undefined) {
    console.log('\nidle Linux is skipped: BLKREPLAY_LINUX_GUEST names no folder with a Linux guest');
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  const client = new DapClient({ after: () => {} });
  try {
    await client.start(linuxLaunch(folder));
    await client.untilTerminal(PROMPT);
    console.log('\ndebug adapter: Linux at its prompt, recorded with idle: realtime');
    // After the prompt appears, the guest still has to finish some background boot work.
    await sleep(3000);
    await measureCpu(client);
    await measureAnswers(client, samples);
  } finally {
    await client.leave();
    rmSync(folder, { recursive: true });
  }
}

async function measureCpu({ pid }: DapClient): Promise<void> {
  const [cpu, wall] = [cpuSeconds(pid), performance.now()];
  await sleep(IDLE_SECONDS * 1000);
  const percent = (100_000 * (cpuSeconds(pid) - cpu)) / (performance.now() - wall);
  console.log(
    `processor time of the adapter over ${IDLE_SECONDS} s: ${percent.toFixed(1)} % of a core, target ${TARGETS.cpuPercent} %`,
  );
}

/**
 * A process's processor time in seconds: the sum of utime and stime in /proc/PID/stat (Linux, proc_pid_stat(5)), which
 * count ticks of 10 ms.
 */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measureAnswers(client: DapClient, samples: number): Promise<void> {
  const random = new SeededRandom(3);
  const echoes: number[] = [];
  const pauses: number[] = [];
  for (let i = 0; i < samples; i++) {
    await sleep(100 + random.below(200));
    const from = client.terminal.length;
    const key = String.fromCharCode(0x61 + random.below(26));
    echoes.push(
      await milliseconds(async () => {
        await client.type(key);
        await client.untilTerminal(key, from);
      }),
    );
    await sleep(100 + random.below(200));
    pauses.push(await milliseconds(() => client.until('pause')));
    await client.request('continue', { threadId: 1 });
  }
  reportTimes('a typed key, until its echo', echoes, TARGETS.echo);
  reportTimes('pause, until it stops', pauses, TARGETS.pause);
}
