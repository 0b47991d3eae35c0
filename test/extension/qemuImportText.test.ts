/** QEMU commands are found in makefiles, scripts and pasted text, with the values of their variables. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findQemuCommands, textKind, type TextKind } from '../../extension/qemuImport/findCommands.ts';
import { includedFiles } from '../../extension/qemuImport/includedFiles.ts';
import { qemuErrors } from '../../debug-adapter/messages/qemuImport.ts';
import { UserError } from '../../debug-adapter/messages/userError.ts';
import { longTest } from '../support/extent.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/** The commands in a file or pasted text, without the name of the program. */
const commands = (text: string, kind: TextKind = 'text'): string[] =>
  findQemuCommands(text, kind).map(({ text }) => text.replace(/^\S*qemu-system-riscv64 /, ''));

const makefile = (text: string) => commands(text, 'makefile');
const script = (text: string) => commands(text, 'script');
/** A makefile with one recipe. */
const rule = (assignments: string, options: string) =>
  makefile(`${assignments}\nrun:\n\tqemu-system-riscv64 ${options}\n`);

test('the file name determines the kind of text', () => {
  for (const name of ['Makefile', 'os/makefile', 'C:\\w\\GNUmakefile', 'mk/qemu.mk', 'Makefile.riscv']) {
    assert.equal(textKind(name), 'makefile', name);
  }
  assert.equal(textKind('scripts/run.sh'), 'script');
  assert.equal(textKind('README.md'), 'text');
});

// --- pasted text ----------------------------------------------------------------------------------------------------

test('quotes, backslashes and comments are interpreted as in the shell', () => {
  assert.deepEqual(commands(`qemu-system-riscv64 -append "a 'b' \\"c\\"" -kernel 'x y' # comment`), [
    `-append 'a '\\''b'\\'' "c"' -kernel 'x y'`,
  ]);
  assert.deepEqual(commands('qemu-system-riscv64 -M virt \\\n  -m 1G \\\r\n  -smp 2\necho done'), [
    '-M virt -m 1G -smp 2',
  ]);
  assert.deepEqual(commands(String.raw`qemu-system-riscv64 -kernel a\ b -append ""`), [`-kernel 'a b' -append ''`]);
});

test('prompts, environments, other programs, redirections and pipes around the command are left out', () => {
  assert.deepEqual(
    commands('$ sudo LD_LIBRARY_PATH=/x exec timeout 10 /opt/qemu-system-riscv64 -M virt 2>&1 | tee log'),
    ['-M virt'],
  );
  assert.deepEqual(commands('cd build && qemu-system-riscv64 -M virt > log 2>/dev/null -m 1G; echo done'), [
    '-M virt -m 1G',
  ]);
  assert.deepEqual(commands('# qemu-system-riscv64 -M virt'), ['-M virt'], 'a root prompt');
});

test('the command is found in prose, in code and in quotes', () => {
  assert.deepEqual(commands("Don't forget: run `qemu-system-riscv64 -M virt` in the build folder."), ['-M virt']);
  assert.deepEqual(commands(`runner = "qemu-system-riscv64 -M virt -append 'a b'"`), [`-M virt -append 'a b'`]);
  assert.deepEqual(commands('tmux new -d "qemu-system-riscv64 -M virt -s" && tmux attach'), ['-M virt -s']);
  assert.deepEqual(commands('"C:\\tools\\qemu-system-riscv64.exe" -M virt').length, 1);
  assert.deepEqual(
    commands('Install qemu-system-riscv64 first. The qemu-system-riscv64 program emulates a board.'),
    [],
  );
  assert.deepEqual(commands('qemu-system-x86_64 -M q35'), []);
});

test('placeholders in angle brackets, as in manuals, are kept', () => {
  assert.deepEqual(commands('qemu-system-riscv64 -kernel <path-to>/Image -append "root=<disk>" -m <size>'), [
    '-kernel <path-to>/Image -append root=<disk> -m <size>',
  ]);
});

test('each distinct command is listed once, with the line where it starts', () => {
  const text =
    'text\n\nqemu-system-riscv64 -M virt\nqemu-system-riscv64 -M virt\nqemu-system-riscv32 -M virt \\\n -s\n';
  assert.deepEqual(
    findQemuCommands(text, 'text').map(({ line, is32Bit }) => [line, is32Bit]),
    [
      [3, false],
      [5, true],
    ],
  );
});

// --- scripts --------------------------------------------------------------------------------------------------------

test('variables of a script are replaced by their values, defaults or array elements', () => {
  assert.deepEqual(script('K=out/k.elf\nexport MEM=1G\nqemu-system-riscv64 -kernel $K -m ${MEM} -smp ${CPUS:-4}'), [
    '-kernel out/k.elf -m 1G -smp 4',
  ]);
  assert.deepEqual(script('ARGS=(-M virt\n  -append "a b")\nARGS+=(-s)\nqemu-system-riscv64 "${ARGS[@]}" "$@"'), [
    "-M virt -append 'a b' -s '<$@>'",
  ]);
  assert.deepEqual(script('QEMU=qemu-system-riscv64\nOPTS="-M virt -s"\n$QEMU $OPTS -S'), ['-M virt -s -S']);
  assert.deepEqual(script('CMD="qemu-system-riscv64 -M virt"\nif [ $GDB = 1 ]; then\n  CMD+=" -s"\nfi\nexec $CMD'), [
    '-M virt',
  ]);
});

test('the folder of a script, the current folder and the home folder are known', () => {
  const text =
    'D="$(cd "$(dirname "${BASH_SOURCE[0]}")"/.. && pwd)"\nqemu-system-riscv64 -kernel $D/k -initrd $(pwd)/r -bios $HOME/b';
  assert.deepEqual(script(text), ['-kernel ./../k -initrd ./r -bios ~/b']);
});

test('a value that is not in the script is shown as a placeholder with its name', () => {
  assert.deepEqual(script('qemu-system-riscv64 -kernel $KERNEL -m $(free -m)M -smp `nproc`'), [
    '-kernel <KERNEL> -m <command>M -smp <command>',
  ]);
});

test('an assignment in a branch of a script does not replace a value from outside the branch', () => {
  assert.deepEqual(script('M=virt\nif [ "$1" = u ]; then\n  M=sifive_u\nfi\nqemu-system-riscv64 -M $M'), ['-M virt']);
});

// --- makefiles ------------------------------------------------------------------------------------------------------

test('assignments in a makefile: recursive, simple, conditional and appending', () => {
  assert.deepEqual(
    rule('A = $(B)\nB = late\nC := $(D)x\nD = 1\nE ?= e\nE ?= f\nF = 1\nF += 2', '-a $(A) $C ${E} $(F)'),
    ['-a late <D>x e 1 2'],
  );
  assert.deepEqual(rule('export X := v # comment\noverride Y ::= w', '-a $X $Y'), ['-a v w']);
  assert.deepEqual(rule('OPTS = -M virt \\\n   -m 1G \\\n\t-smp 2', '$(OPTS)'), ['-M virt -m 1G -smp 2']);
});

test('conditionals in a makefile select the branch that applies by default', () => {
  const branch = (condition: string, before = '') =>
    rule(`${before}\n${condition}\nX = yes\nelse\nX = no\nendif`, '-a $(X)')[0];
  assert.equal(branch('ifeq ($(LAB),net)'), '-a no', 'a variable without a value is empty');
  assert.equal(branch('ifeq ($(LAB),net)', 'LAB = net'), '-a yes');
  assert.equal(branch('ifneq "$(LAB)" ""', 'LAB = net'), '-a yes');
  assert.equal(branch('ifdef CPUS'), '-a no');
  assert.equal(branch('ifndef CPUS'), '-a yes');
  assert.equal(branch("ifeq '$(ARCH)' 'riscv64'"), '-a yes', 'the architecture of the command');
  const chain = 'B ?= two\nifeq ($(B),one)\nX = 1\nelse ifeq ($(B),two)\nX = 2\nelse\nX = 3\nendif';
  assert.deepEqual(rule(chain, '-a $(X)'), ['-a 2']);
  const nested = 'ifdef NO\nifndef NO\nX = 1\nelse\nX = 2\nendif\nelse\nX = 3\nendif';
  assert.deepEqual(rule(nested, '-a $(X)'), ['-a 3']);
});

test('recipes can use automatic variables and the variables of their target', () => {
  const text =
    'run: k.elf fs.img\n\t@qemu-system-riscv64 -kernel $< -initrd $^\ndebug: OPTS += -s\ndebug:\n\t-qemu-system-riscv64 -M virt $(OPTS)\n';
  assert.deepEqual(makefile(text), ['-kernel k.elf -initrd k.elf fs.img', '-M virt -s']);
  assert.deepEqual(makefile('run: ; qemu-system-riscv64 -M virt\n'), ['-M virt']);
});

test('a function of make is evaluated if its result does not depend on the system', () => {
  const value = (text: string) => rule('L = b.o c.o\nN =', `-a ${text}`)[0].replace('-a ', '');
  assert.equal(value('$(addprefix x/,$(L))'), 'x/b.o x/c.o');
  assert.equal(value('$(L:.o=.c)'), 'b.c c.c');
  assert.equal(value('$(if $(N),yes,no)'), 'no');
  assert.equal(value('$(firstword $(wildcard a.fd) $(wildcard b.fd))'), 'a.fd');
  assert.equal(value('$(abspath k)$(CURDIR)'), 'k.');
  assert.equal(value('$(shell uname)'), '<shell>');
});

test('a command is found even if it is not in a recipe, or if its name contains a variable', () => {
  const text = 'QEMU := qemu-system-$(ARCH)\ndefine run\n  $(call cmd,$(QEMU),-M virt)\nendef\n';
  assert.deepEqual(makefile(text), ['-M virt']);
  assert.deepEqual(makefile('x:\n\t# qemu-system-riscv64 -M virt\n'), [], 'a comment');
});

test('a makefile is read with the files that it includes, and their commands have their own file and line', () => {
  const files: Record<string, string> = {
    'config.mk': 'BOARD = virt\nifdef NO\n',
    'mk/qemu.mk': '# run\nrun: kernel\n\tqemu-system-riscv64 -M $(BOARD) -m $(MEM) -kernel $<\ninclude mk/more.mk\n',
    'mk/more.mk': 'more:\n\tqemu-system-riscv64 -M $(BOARD) -s\n',
  };
  const text =
    'DIR = mk\ninclude config.mk $(DIR)/qemu.mk\nMEM = 1G\nown:\n\tqemu-system-riscv64 -M $(BOARD)\n-include none.mk\n';
  const found = findQemuCommands(text, 'makefile', (name) => files[name]);
  assert.deepEqual(
    found.map(({ file, line, text }) => [file, line, text]),
    [
      ['mk/qemu.mk', 3, 'qemu-system-riscv64 -M virt -m 1G -kernel kernel'],
      ['mk/more.mk', 2, 'qemu-system-riscv64 -M virt -s'],
      [undefined, 5, 'qemu-system-riscv64 -M virt'],
    ],
  );
  assert.ok(found.every(({ missingFiles }) => missingFiles === undefined));
  const onlyIncludes = findQemuCommands('include mk/more.mk\n', 'makefile', (name) => files[name]);
  assert.deepEqual(onlyIncludes.length, 1);
});

test('a file that cannot be included is known by its name, unless make ignores that', () => {
  const missing = (directive: string) =>
    findQemuCommands(`${directive}\nx:\n\tqemu-system-riscv64 -m $(MEM)\n`, 'makefile')[0].missingFiles;
  assert.deepEqual(missing('include a.mk b.mk'), ['a.mk', 'b.mk']);
  assert.deepEqual(missing('include $(TOP)/a.mk # comment')?.length, 1);
  for (const directive of ['-include a.mk', 'sinclude a.mk', 'include = a.mk', 'ifdef NO\ninclude a.mk\nendif'])
    assert.equal(missing(directive), undefined, directive);
});

test('files that include each other, many files and long files are read up to a limit', () => {
  let reads = 0;
  const run = (include: string, text: string) => {
    reads = 0;
    const makefile = `${include}\nx:\n\tqemu-system-riscv64 -M virt\n`;
    assert.equal(findQemuCommands(makefile, 'makefile', () => (reads++, text)).length, 1);
    return reads;
  };
  assert.ok(run('include self.mk', 'include self.mk self.mk\n') <= 50);
  assert.ok(run(`include ${'a.mk '.repeat(1000)}`, '') <= 50);
  assert.ok(run(`include ${'a.mk '.repeat(1000)}`, `A = ${'x'.repeat(1 << 18)}\n`) <= 3);
});

test('included files are read relative to the makefile, within the workspace folder', (t) => {
  const folder = temporaryFolder(t);
  const workspace = path.join(folder, 'workspace');
  fs.mkdirSync(path.join(workspace, 'os', 'mk'), { recursive: true });
  fs.writeFileSync(path.join(workspace, 'os', 'mk', 'a.mk'), 'A');
  fs.writeFileSync(path.join(workspace, 'top.mk'), 'TOP');
  fs.writeFileSync(path.join(workspace, 'long.mk'), 'x'.repeat(300 << 10));
  fs.writeFileSync(path.join(folder, 'outside.mk'), 'OUTSIDE');
  fs.symlinkSync(path.join(folder, 'outside.mk'), path.join(workspace, 'link.mk'));
  const include = includedFiles(workspace, path.join(workspace, 'os', 'Makefile'));
  assert.equal(include('mk/a.mk'), 'A');
  assert.equal(include('../top.mk'), 'TOP');
  for (const name of ['none.mk', 'mk', '../long.mk', '../../outside.mk', '../link.mk', path.join(folder, 'outside.mk')])
    assert.equal(include(name), undefined, name);
});

test('text copied from a makefile is read as a makefile', () => {
  assert.deepEqual(commands('CPUS := 3\nOPTS = -M virt -smp $(CPUS)\nqemu:\n\tqemu-system-riscv64 $(OPTS)\n'), [
    '-M virt -smp 3',
  ]);
  assert.deepEqual(commands('\tqemu-system-riscv64 -kernel $(KERNEL)'), ['-kernel <KERNEL>']);
});

// --- hostile text ---------------------------------------------------------------------------------------------------

/** The error message, or the number of commands. Fails if the search takes more than two seconds. */
function outcome(text: string, kind: TextKind = 'text'): string | number {
  const start = performance.now();
  try {
    return findQemuCommands(text, kind).length;
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.message;
  } finally {
    const milliseconds = performance.now() - start;
    assert.ok(milliseconds < 2000, `${milliseconds} ms`);
  }
}

test('an unclosed quotation mark is reported in one clear message', () => {
  for (const quote of ['"', "'"]) {
    const message = outcome(`qemu-system-riscv64 -append ${quote}console=ttyS0`);
    assert.equal(message, qemuErrors.openQuote(quote).message);
    assert.equal(
      message,
      `The command line contains an opening ${quote} without a closing one. Copy the whole command.`,
    );
  }
  assert.equal(outcome('qemu-system-riscv64 -M ${X'), qemuErrors.openQuote('{').message);
  const twice = 'qemu-system-riscv64 -append "a\nqemu-system-riscv64 -M virt';
  assert.deepEqual(commands(twice), ['-M virt'], 'a later command is still found');
});

longTest('the search in a megabyte of text takes a bounded time', () => {
  const lines = (line: string, length = 1 << 15) => line.repeat(Math.ceil(length / line.length));
  assert.equal(outcome(lines('x', 1 << 20)), 0);
  assert.equal(outcome(`qemu-system-riscv64 -M ${lines('x', 1 << 20)}`), qemuErrors.commandTooLong(32_000).message);
  assert.equal(outcome(lines('qemu-system-riscv64 -M virt\n', 1 << 20)), 1);
  for (const line of [
    'ifdef A\n',
    'ifndef A\n',
    'a: B += c\n',
    'A+=(x)\n',
    'A += x\n',
    '   \n',
    '$',
    '$(',
    '${',
    "'\n",
    '"$\n',
    '`\n',
    'A=(\n',
    '$(A) \n',
    '\\\n',
    '<a>',
    'a=$(cd $(dirname  \n',
    '${a:-',
  ]) {
    outcome(`${lines(line)}\nqemu-system-riscv64 -M virt`, 'script');
    outcome(`${lines(line)}\nqemu-system-riscv64 -M virt`);
    outcome(`qemu-system-riscv64 -M ${lines(line)}`);
    outcome(`x:\n\tqemu-system-riscv64 ${lines(line)}`, 'makefile');
    outcome(`${lines(line)}\na:\n\tqemu-system-riscv64 -s`, 'makefile');
    outcome(`A := ${lines(line)}\nx:\n\tqemu-system-riscv64 $(A)`, 'makefile');
  }
  assert.equal(outcome('qemu-system-'.repeat(300_000)), qemuErrors.tooLong(2 << 20).message);
});

test('the search takes a bounded time even if variables refer to themselves or grow without limit', () => {
  assert.deepEqual(rule('A = $(B)\nB = $(A)', '-a $(A)'), ['-a <A>']);
  const doubling = Array.from({ length: 60 }, (_, i) => `A${i + 1} = $(A${i})$(A${i})`).join('\n');
  const run = '\nrun:\n\tqemu-system-riscv64 -a $(A60)\n';
  assert.equal(outcome(`A0 = x\n${doubling}${run}`, 'makefile'), qemuErrors.commandTooLong(32_000).message);
  assert.equal(outcome(`A0 =\n${doubling}${run}`, 'makefile'), qemuErrors.commandTooLong(32_000).message);
  const doublingInScript = Array.from({ length: 60 }, (_, i) => `A${i + 1}=$A${i}$A${i}`).join('\n');
  outcome(`A0=x\n${doublingInScript}\nqemu-system-riscv64 -a $A60`, 'script');
  const calls = `a:\n\tqemu-system-riscv64 ${'$(call f,'.repeat(10_000)}x${')'.repeat(10_000)}\n`;
  outcome(calls, 'makefile');
  outcome(`qemu-system-riscv64 -m ${'${a:-'.repeat(5000)}x${'}'.repeat(5000)}`);
});
