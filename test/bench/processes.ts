import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** Runs whole processes and measures their elapsed time, which is the time that a user waits for them. */
export const QEMU = 'qemu-system-riscv64';
const CLI = path.resolve('dist/cli.js');

export const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** Returns how many seconds a process takes; throws if it fails. */
export function seconds(command: string, args: readonly string[], cwd?: string): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return (performance.now() - start) / 1000;
}

export const blkreplay = (args: readonly string[], cwd?: string): number =>
  seconds(process.execPath, [CLI, ...args], cwd);

/** The position at the end of a run, from the summary that `--json` prints. */
export function positionAtEnd(args: readonly string[], cwd?: string): number {
  const { stderr } = spawnSync(process.execPath, [CLI, ...args, '--json'], { cwd, encoding: 'utf8' });
  return (JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as { position: number }).position;
}

/** QEMU options for a machine without unnecessary devices and with its console on stdout. */
export const qemuMachine = (memory: string, ...more: string[]): string[] => [
  ...['-machine', 'virt', '-m', memory, '-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-net', 'none'],
  ...more,
];

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
