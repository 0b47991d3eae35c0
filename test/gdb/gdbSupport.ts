import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type RunningCli, Sandbox } from '../support/cli.ts';

/** Runs scripts in gdb-multiarch, connected to the gdb server of a command line session. */
export const GDB = 'gdb-multiarch';

export interface GdbServerRun {
  sandbox: Sandbox;
  running: RunningCli;
  port: number;
}

/** Starts a session with `--gdb 0` in a sandbox and waits until its server listens. */
export async function serve(t: TestContext, sandbox: Sandbox, args: readonly string[]): Promise<GdbServerRun> {
  const running = sandbox.start([...args, '--gdb', '0', '--json']);
  t.after(() => running.kill('SIGKILL'));
  const [, port] = await running.untilSaid(/gdb server on 127\.0\.0\.1:(\d+)/);
  return { sandbox, running, port: Number(port) };
}

/** The options for a guest with a disk, in a new sandbox: the same for run, record and replay. */
export function sessionIn(sandbox: Sandbox, kernel: string, stdin?: string): string[] {
  sandbox.disk('disk.img');
  const drive = 'id=hd0,image=disk.img,format=raw,overlay=hd0.qcow2';
  return ['--kernel', kernel, '--rrfile', 'a.rr', '--drive', drive, ...(stdin ? ['--stdin', stdin] : [])];
}

/**
 * Runs commands in gdb, connected to the port, and returns the output. If a command fails, gdb prints an error and
 * executes the next one.
 */
export async function runGdb(options: {
  /** The guest's ELF file; undefined if gdb debugs the guest by address only. */
  elf?: string;
  /** The argument of `target remote`; if absent, the port is used. */
  target?: string;
  port?: number;
  commands: readonly string[];
  timeoutMs?: number;
}): Promise<string> {
  const { elf, port, commands, target = `127.0.0.1:${port}` } = options;
  const script = ['set pagination off', 'set confirm off', 'set width 0', `target remote ${target}`, ...commands];
  const words = ['-batch', '-nx', ...script.flatMap((line) => ['-ex', line]), ...(elf === undefined ? [] : [elf])];
  // stdout and stderr are one pipe, so that the output of `monitor`, which goes to stderr, stays in order.
  const child = spawn('sh', ['-c', 'exec "$@" 2>&1', 'sh', GDB, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 300_000);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  assert.equal(signal, null, `gdb took too long:\n${output.slice(-3000)}`);
  return output;
}

// --- the debug information ---------------------------------------------------------------------------------------------

export interface LineRow {
  start: bigint;
  end: bigint;
  file: string;
  line: number;
}

/** gdb's own line table for an ELF file. */
export function lineTable(elf: string): LineRow[] {
  const { stdout } = spawnSync(GDB, ['-batch', '-nx', '-readnow', '-ex', 'maint info line-table', elf], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const rows: LineRow[] = [];
  let file = '';
  let last: { start: bigint; line: number } | undefined;
  for (const text of stdout.split('\n')) {
    file = /^symtab: (\S+)/.exec(text)?.[1] ?? file;
    const row = /^\d+\s+(\d+|END)\s+0x([0-9a-f]+)/.exec(text);
    if (!row) continue;
    const start = BigInt(`0x${row[2]}`);
    if (last && start > last.start) rows.push({ ...last, end: start, file });
    last = row[1] === 'END' ? undefined : { start, line: Number(row[1]) };
  }
  return rows.sort((a, b) => (a.start < b.start ? -1 : 1));
}

export interface FunctionRange {
  name: string;
  start: bigint;
  end: bigint;
}

const SYMTAB = 2;
const FUNCTION = 2;

/** The functions in a 64-bit little-endian ELF file's symbol table. */
export function functionsOf(elf: string): FunctionRange[] {
  const bytes = readFileSync(elf);
  const sectionAt = (index: number) => Number(bytes.readBigUInt64LE(40)) + index * 64;
  const ranges: FunctionRange[] = [];
  for (let i = 0; i < bytes.readUInt16LE(60); i++) {
    if (bytes.readUInt32LE(sectionAt(i) + 4) !== SYMTAB) continue;
    const at = Number(bytes.readBigUInt64LE(sectionAt(i) + 24));
    const size = Number(bytes.readBigUInt64LE(sectionAt(i) + 32));
    const names = Number(bytes.readBigUInt64LE(sectionAt(bytes.readUInt32LE(sectionAt(i) + 40)) + 24));
    for (let symbol = at; symbol < at + size; symbol += 24) {
      if ((bytes[symbol + 4] & 15) !== FUNCTION) continue;
      const nameAt = names + bytes.readUInt32LE(symbol);
      const start = bytes.readBigUInt64LE(symbol + 8);
      const end = start + bytes.readBigUInt64LE(symbol + 16);
      ranges.push({ name: bytes.toString('latin1', nameAt, bytes.indexOf(0, nameAt)), start, end });
    }
  }
  return ranges.sort((a, b) => (a.start < b.start ? -1 : 1));
}

/** The range that contains an address; ranges are sorted and do not overlap. */
export const rangeAt = <R extends { start: bigint; end: bigint }>(ranges: readonly R[], address: bigint) =>
  ranges.find(({ start, end }) => address >= start && address < end);
