import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The reason why tests against QEMU are skipped, or false. */
export const skipWithoutQemu = spawnSync('qemu-system-riscv64', ['--version']).error ? 'QEMU is not installed' : false;

/**
 * QEMU's `virt` board with a stopped processor, controlled over the qtest protocol. Tests read and write its device
 * registers and memory to compare them with blkreplay's. The board's virtual time does not advance.
 */
export class Qtest {
  private readonly process: ChildProcess;
  private readonly answers: ((line: string) => void)[] = [];
  private stderr = '';

  constructor(args: string[] = []) {
    const board = ['-M', 'virt', '-m', '128M', '-bios', 'none', '-S', '-display', 'none', '-serial', 'null'];
    const protocol = ['-qtest', 'stdio', '-qtest-log', '/dev/null', '-global', 'virtio-mmio.force-legacy=false'];
    this.process = spawn('qemu-system-riscv64', [...board, ...protocol, ...args]);
    this.process.stderr!.on('data', (text: Buffer) => (this.stderr += String(text)));
    this.process.on('exit', () => this.answers.splice(0).forEach((answer) => answer(`exited: ${this.stderr}`)));
    createInterface({ input: this.process.stdout! }).on('line', (line) => this.answers.shift()?.(line));
  }

  async read(address: number, sizeBytes: 1 | 2 | 4): Promise<number> {
    return Number(await this.command(`read${SIZE_LETTER[sizeBytes]} 0x${address.toString(16)}`));
  }

  async write(address: number, value: number, sizeBytes: 1 | 2 | 4): Promise<void> {
    await this.command(`write${SIZE_LETTER[sizeBytes]} 0x${address.toString(16)} 0x${value.toString(16)}`);
  }

  async readBytes(address: number, lengthBytes: number): Promise<Uint8Array> {
    const hex = await this.command(`read 0x${address.toString(16)} 0x${lengthBytes.toString(16)}`);
    return Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
  }

  async writeBytes(address: number, bytes: Uint8Array): Promise<void> {
    const hex = Buffer.from(bytes).toString('hex');
    await this.command(`write 0x${address.toString(16)} 0x${bytes.length.toString(16)} 0x${hex}`);
  }

  close(): void {
    this.process.kill();
  }

  private async command(line: string): Promise<string> {
    this.process.stdin!.write(`${line}\n`);
    const answer = await new Promise<string>((resolve) => this.answers.push(resolve));
    assert(answer.startsWith('OK'), `${line}: ${answer}`);
    return answer.slice(3);
  }
}

const SIZE_LETTER = { 1: 'b', 2: 'w', 4: 'l' };
