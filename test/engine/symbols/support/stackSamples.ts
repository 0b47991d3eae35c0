import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GDB } from './gdb.ts';

/** The state of a guest's stack at one stop, as gdb reports it. Numbers are exact because they are read as bigint. */
export interface StackSample {
  pc: bigint;
  registers: Record<string, bigint>;
  /** The bytes of the stack around sp, in hex, starting STACK_BELOW bytes below sp. */
  stack: string;
  frames: SampledFrame[];
  reason: string;
}

/** The number of bytes below sp in a sample, as in the gdb script. */
export const STACK_BELOW = 1024n;

export interface SampledFrame {
  pc: bigint;
  /** The canonical frame address; null for the outermost frame. */
  cfa: bigint | null;
  name: string | null;
  line: bigint;
  /** The callee-saved registers, by DWARF number. */
  registers: Record<string, bigint | null>;
  /** The values of variables as unsigned 64-bit numbers; null for a value that is optimized out or not a number. */
  variables: Record<string, bigint | null>;
}

/**
 * Runs a guest in QEMU under gdb and takes samples after random numbers of steps, in some cases starting at
 * breakpoints.
 */
export function sampleStacks(
  elf: string,
  options: { seed: number; rounds: number; stepsMax: number; breaks?: string[]; drives?: number },
): StackSample[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-stacks-'));
  const socket = path.join(folder, 'gdb');
  const disk = path.join(folder, 'disk');
  fs.writeFileSync(disk, '');
  fs.truncateSync(disk, 4 * 2 ** 20);
  const drive = [
    '-drive',
    `file=${disk},if=none,format=raw,id=d`,
    '-device',
    'virtio-blk-device,drive=d,bus=virtio-mmio-bus.0',
  ];
  const machine = [
    '-M',
    'virt',
    '-bios',
    'none',
    '-display',
    'none',
    '-serial',
    'null',
    '-global',
    'virtio-mmio.force-legacy=false',
  ];
  const qemu = spawn(
    'qemu-system-riscv64',
    [
      ...machine,
      '-kernel',
      elf,
      ...drive,
      '-S',
      '-chardev',
      `socket,path=${socket},server=on,wait=off,id=g`,
      '-gdb',
      'chardev:g',
    ],
    { stdio: 'ignore' },
  );
  try {
    for (let tries = 0; !fs.existsSync(socket) && tries < 500; tries++) spawnSync('sleep', ['0.02']);
    const { seed, rounds, stepsMax, breaks = [] } = options;
    const setup = `SEED, ROUNDS, STEPS, BREAKS = ${seed}, ${rounds}, ${stepsMax}, ${JSON.stringify(breaks)}`;
    const result = spawnSync(
      GDB,
      [
        '-q',
        '-nx',
        '-batch',
        '-ex',
        'set pagination off',
        '-ex',
        'set confirm off',
        '-ex',
        `target remote ${socket}`,
        '-ex',
        `python ${setup}`,
        '-x',
        path.join(import.meta.dirname, 'stackSamples.py'),
        elf,
      ],
      { encoding: 'utf8', maxBuffer: 2 ** 29, timeout: 120_000 },
    );
    const lines = result.stdout.split('\n').filter((line) => line.startsWith('@@'));
    if (lines.length === 0) throw new Error(`gdb gave no samples: ${result.stderr}\n${result.stdout.slice(0, 2000)}`);
    return lines.map((line) => parseExact(line.slice(2)) as StackSample);
  } finally {
    qemu.kill();
    fs.rmSync(folder, { recursive: true });
  }
}

/** Parses JSON, with whole numbers as bigints. */
function parseExact(text: string): unknown {
  return JSON.parse(text.replace(/(?<=[ [])(\d+)(?=[,}\]])/g, '"#$1"'), (_, value: unknown) =>
    typeof value === 'string' && value.startsWith('#') ? BigInt(value.slice(1)) : value,
  );
}
