/** gdb debugs a Linux kernel in both directions by address, without the kernel's ELF file. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { LINUX_FOLDER, linuxFile, linuxSymbols } from '../support/linuxGuest.ts';
import { requireTool } from '../support/tools.ts';
import { GDB, runGdb, serve } from './gdbSupport.ts';

const STEPS = 50;

if (LINUX_FOLDER === undefined) {
  if (!process.env.CI) test('Linux', (t) => t.skip('BLKREPLAY_LINUX_GUEST does not name a folder with a Linux guest'));
} else {
  suite('Linux', () => {
    test('gdb reaches earlier kernel addresses by reverse execution, at boot and at the shell; the replay is the same', async (t) => {
      if (!requireTool(GDB, t)) return;
      const sandbox = new Sandbox(t);
      sandbox.disk('disk.img', 1 << 20);
      sandbox.write('typed', 'cat /proc/version\nexit\n');
      const toFile = { through: ['sh', '-c', '"$@" > vmlinux', 'sh'] };
      assert.equal((await sandbox.cli(['symbols', linuxFile('Image')], toFile)).status, 0);
      const { running, port } = await serve(t, sandbox, ['record', ...OPTIONS, '--stdin', 'typed']);
      const output = await runGdb({ port, commands: commands(sandbox.path('vmlinux')) });
      const { console, summary } = await running.end;
      assert.equal(summary.reason, 'powerOff', output);
      assert.match(console, /^GUEST# cat \/proc\/version\r\nLinux version 6\./m);

      const marks = marksIn(output);
      assert.equal(marks.back.position, marks.start.position - STEPS);
      assert.deepEqual(marks.forth, marks.start, 'forwards again it is the same');
      assert.equal(marks.loaded.pc, LOADED, 'the first instruction, before the MMU is on');
      assert.equal(marks.shellBack.position, marks.shell.position - STEPS);
      assert.deepEqual(marks.shellForth, marks.shell);
      assert.ok(marks.opened.position < marks.shell.position);
      assert.deepEqual(marks.shellAgain, marks.shell);
      // With the ELF file that the `symbols` command writes, gdb finds the functions by name.
      assert.match(output, /^version_proc_show in section \.text$/m);
      assert.match(output, /^#0 .* do_sys_openat2 \(\)\n#1 .* __riscv_sys_openat \(\)$/m);

      const replayed = await sandbox.cli(['replay', ...OPTIONS, '--json']);
      const again = replayed.ended(0, 'powerOff');
      assert.equal(replayed.console, console);
      assert.deepEqual([again.position, again.digest], [summary.position, summary.digest]);
    });
  });
}

const OPTIONS = LINUX_FOLDER === undefined ? [] : linuxOptions();
const LOADED = 0x8020_0000n;

function linuxOptions(): string[] {
  return [
    ...['--kernel', linuxFile('Image'), '--initrd', linuxFile('initramfs.cpio.gz'), '--memory', '256M'],
    ...['--append', 'console=ttyS0 shell=1', '--rrfile', 'a.rr'],
    ...['--drive', 'id=hd0,image=disk.img,format=raw,overlay=hd0.qcow2'],
  ];
}

/** `version_proc_show` runs when a process reads /proc/version, which happens only at the shell. */
function commands(elf: string): string[] {
  const symbols = linuxSymbols();
  const at = (name: string) => `*0x${symbols.get(name)!.toString(16)}`;
  return [
    ...[`hbreak ${at('start_kernel')}`, 'continue', ...mark('start')],
    ...[`reverse-stepi ${STEPS}`, ...mark('back'), `stepi ${STEPS}`, ...mark('forth')],
    ...[`hbreak *${LOADED}`, 'reverse-continue', ...mark('loaded'), 'delete'],
    ...[`break ${at('version_proc_show')}`, 'continue', ...mark('shell')],
    ...[`reverse-stepi ${STEPS}`, ...mark('shellBack'), `stepi ${STEPS}`, ...mark('shellForth')],
    ...[`break ${at('do_sys_openat2')}`, 'reverse-continue', ...mark('opened'), 'continue', ...mark('shellAgain')],
    ...[
      `file ${elf}`,
      'info symbol $pc',
      'break do_sys_openat2',
      'reverse-continue',
      'backtrace 2',
      'delete',
      'detach',
    ],
  ];
}

interface Mark {
  position: number;
  pc: bigint;
  registers: string;
}

const mark = (name: string): string[] => [
  `echo \\nMARK ${name}\\n`,
  'monitor position',
  'info registers',
  'echo END\\n',
];

function marksIn(output: string): Record<string, Mark> {
  const marks = [...output.matchAll(/^MARK (\w+)\n(\d+)\n([^]*?)^END$/gm)].map(([, name, position, registers]) => {
    const pc = BigInt(/^pc\s+(0x[0-9a-f]+)/m.exec(registers)![1]);
    return [name, { position: Number(position), pc, registers }];
  });
  return Object.fromEntries(marks);
}
