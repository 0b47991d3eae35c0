import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GDB } from './gdb.ts';

/**
 * Runs a Python script in this folder in a gdb that debugs a guest in QEMU. `setup` sets the script's variables.
 * Returns the lines that the script prints after `@@`.
 */
export function runGdbOnQemu(
  elf: string,
  { setup, script, hasDisk = false }: { setup: string; script: string; hasDisk?: boolean },
): string[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-stacks-'));
  const socket = path.join(folder, 'gdb');
  const disk = path.join(folder, 'disk');
  fs.writeFileSync(disk, '');
  fs.truncateSync(disk, 4 * 2 ** 20);
  const device = 'virtio-blk-device,drive=d,bus=virtio-mmio-bus.0';
  const drive = hasDisk ? ['-drive', `file=${disk},if=none,format=raw,id=d`, '-device', device] : [];
  const machine = [
    ...['-M', 'virt', '-bios', 'none', '-display', 'none', '-serial', 'null'],
    ...['-global', 'virtio-mmio.force-legacy=false', '-kernel', elf, ...drive],
    ...['-S', '-chardev', `socket,path=${socket},server=on,wait=off,id=g`, '-gdb', 'chardev:g'],
  ];
  const qemu = spawn('qemu-system-riscv64', machine, { stdio: 'ignore' });
  try {
    for (let tries = 0; !fs.existsSync(socket) && tries < 500; tries++) spawnSync('sleep', ['0.02']);
    const commands = ['set pagination off', 'set confirm off', `target remote ${socket}`, `python ${setup}`];
    const result = spawnSync(
      GDB,
      [
        ...['-q', '-nx', '-batch', '-readnow', ...commands.flatMap((command) => ['-ex', command])],
        ...['-x', path.join(import.meta.dirname, script), elf],
      ],
      // gdb displays characters according to the locale.
      { env: { ...process.env, LC_ALL: 'C.UTF-8' }, encoding: 'utf8', maxBuffer: 2 ** 29, timeout: 120_000 },
    );
    const lines = result.stdout.split('\n').filter((line) => line.startsWith('@@'));
    if (lines.length === 0) throw new Error(`gdb gave no samples: ${result.stderr}\n${result.stdout.slice(0, 2000)}`);
    return lines.map((line) => line.slice(2));
  } finally {
    qemu.kill();
    fs.rmSync(folder, { recursive: true });
  }
}
