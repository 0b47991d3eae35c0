import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { requireTool, runTool } from '../../../support/tools.ts';

/**
 * A program in fixtures/languages, and how it is built. Programs are built with every compiler at test time, in a
 * folder that is removed when the process exits. They contain every construct of their language that affects debug
 * information.
 */
export interface LanguageProgram {
  /** For example `values.c, clang 19, -O2, DWARF 5`. */
  name: string;
  language: 'c' | 'c++' | 'rust' | 'assembly';
  /** The tools that the build needs. */
  tools: readonly string[];
  /** Builds the program; returns the path of the ELF file. */
  build: () => string;
}

const SOURCES = path.resolve(import.meta.dirname, '../fixtures/languages');
const GCC = 'riscv64-unknown-elf-gcc';
const RUSTC = process.env.BLKREPLAY_RUSTC ?? '/usr/bin/rustc';
const MACHINE = ['-march=rv64gc', '-mabi=lp64d', '-mcmodel=medany'];
const FREESTANDING = ['-ffreestanding', '-fno-builtin', '-fno-stack-protector'];
const CXX = ['-std=c++17', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics'];

type Dwarf = 4 | 5;
interface Compiler {
  name: string;
  c: string[];
  cxx: string[];
  link: (options: { objects: string[]; output: string; lto: boolean }) => void;
}

const gnuLink: Compiler['link'] = ({ objects, output, lto }) =>
  runTool(GCC, [
    ...[...MACHINE, '-nostdlib', '-nostartfiles', '-static', ...(lto ? ['-flto', '-O2', '-g'] : [])],
    ...['-Wl,--build-id=none', '-Wl,--no-warn-rwx-segments', '-T', source('program.ld'), ...objects, '-lgcc'],
    ...['-o', output],
  ]);
const lldLink: Compiler['link'] = ({ objects, output }) => {
  const libgcc = runTool(GCC, [...MACHINE, '-print-libgcc-file-name']).trim();
  runTool('ld.lld-19', ['--build-id=none', '-T', source('program.ld'), ...objects, libgcc, '-o', output]);
};

const CLANG = ['--target=riscv64-unknown-elf', '-mno-relax'];
const COMPILERS: Compiler[] = [
  { name: 'gcc 12', c: [GCC], cxx: ['riscv64-unknown-elf-g++'], link: gnuLink },
  { name: 'clang 14', c: ['clang-14', ...CLANG], cxx: ['clang++-14', ...CLANG], link: lldLink },
  { name: 'clang 19', c: ['clang-19', ...CLANG], cxx: ['clang++-19', ...CLANG], link: lldLink },
];
const LEVELS = ['-O0', '-Og', '-O2', '-O2 -flto'];
const DWARFS: Dwarf[] = [4, 5];

/** The programs for all combinations of compiler and optimization level that can be linked. */
export const LANGUAGE_PROGRAMS: readonly LanguageProgram[] = [
  ...matrix('c', ['values.c', 'second.c']),
  ...matrix('c++', ['classes.cpp']),
  ...['0', '1', '2'].flatMap((level) => DWARFS.map((dwarf) => rustProgram(level, dwarf))),
  ...DWARFS.map((dwarf): LanguageProgram => ({
    name: `calls.S, gcc 12, DWARF ${dwarf}`,
    language: 'assembly',
    tools: [GCC],
    build: once(() => {
      const objects = [compile([GCC, `-gdwarf-${dwarf}`], 'calls.S'), ...support()];
      return linked(COMPILERS[0], objects);
    }),
  })),
];

/** Calls `requireTool` for each tool that a program needs; returns whether all of them are available. */
export function requireTools({ tools }: LanguageProgram, t: TestContext): boolean {
  return tools.every((tool) => requireTool(tool, t));
}

function matrix(language: 'c' | 'c++', sources: string[]): LanguageProgram[] {
  return COMPILERS.flatMap((compiler) =>
    LEVELS.flatMap((level) =>
      DWARFS.map((dwarf): LanguageProgram => {
        const command = language === 'c' ? [...compiler.c, '-std=gnu17'] : [...compiler.cxx, ...CXX];
        const flags = [...level.split(' '), `-gdwarf-${dwarf}`];
        // For link-time optimization, GCC needs `-flto` in the linker command, too.
        const isLto = level.includes('-flto');
        return {
          name: `${sources[0]}, ${compiler.name}, ${level}, DWARF ${dwarf}`,
          language,
          tools: [command[0], GCC, ...(compiler.link === lldLink ? ['ld.lld-19'] : [])],
          build: once(() => {
            const objects = sources.map((file) => compile([...command, ...flags], file));
            return linked(compiler, [...objects, ...support()], isLto);
          }),
        };
      }),
    ),
  );
}

function rustProgram(level: string, dwarf: Dwarf): LanguageProgram {
  return {
    name: `enums.rs, rustc, opt-level ${level}, DWARF ${dwarf}`,
    language: 'rust',
    tools: [RUSTC, GCC, ...(dwarf === 5 ? ['clang-14'] : [])],
    build: once(() => {
      const object = rustObject(level, dwarf);
      const output = scratch('elf');
      linkRust([object], output);
      return output;
    }),
  };
}

/**
 * rustc 1.63 writes only DWARF 4. For DWARF 5, its LLVM IR is modified, and then compiled with clang from the same LLVM
 * version.
 */
function rustObject(level: string, dwarf: Dwarf): string {
  const object = scratch('o');
  const code = scratch('ll');
  rustc([
    ...['--emit', `obj=${object},llvm-ir=${code}`, '--extern', `core=${rustCore()}`, '-L', folder()],
    ...['-C', `opt-level=${level}`, '-g', '-C', 'codegen-units=1', '-C', 'overflow-checks=off', source('enums.rs')],
  ]);
  if (dwarf === 4) return object;
  const text = fs.readFileSync(code, 'utf8');
  fs.writeFileSync(code, text.replace('"Dwarf Version", i32 4', '"Dwarf Version", i32 5'));
  runTool('clang-14', [
    ...CLANG,
    '-march=rv64gc',
    '-mabi=lp64d',
    '-mcmodel=medany',
    `-O${level}`,
    '-c',
    code,
    '-o',
    object,
  ]);
  return object;
}

/** A program that uses Rust's `alloc`: fixtures/formatters/heap.rs. */
export const rustHeapProgram = (level: string): LanguageProgram => ({
  name: `heap.rs, rustc, opt-level ${level}`,
  language: 'rust',
  tools: [RUSTC, GCC],
  build: once(() => {
    const [object, output] = [scratch('o'), scratch('elf')];
    const externs = ['--extern', `core=${rustCore()}`, '--extern', `alloc=${rustAlloc()}`, '-L', folder()];
    const options = ['-C', `opt-level=${level}`, '-g', '-C', 'codegen-units=1', '-C', 'overflow-checks=off'];
    rustc(['--emit', `obj=${object}`, ...externs, ...options, path.join(SOURCES, '../formatters/heap.rs')]);
    linkRust([object, rustAlloc()], output);
    return output;
  }),
});

function linkRust(objects: string[], output: string): void {
  runTool(GCC, [
    ...[...MACHINE, '-nostdlib', '-nostartfiles', '-static', '-Wl,--build-id=none', '-Wl,--no-warn-rwx-segments'],
    ...['-Wl,--gc-sections', '-T', source('program.ld'), ...objects, rustCore(), ...support()],
    ...['-lgcc', '-o', output],
  ]);
}

const rustAlloc = once(() => {
  const output = path.join(folder(), 'liballoc.rlib');
  const externs = ['--extern', `core=${rustCore()}`, '-L', folder()];
  rustc(['--crate-name', 'alloc', '-C', 'opt-level=1', ...externs, rustLibrary('alloc'), '-o', output]);
  return output;
});

function rustLibrary(crate: string): string {
  const root = runTool(RUSTC, ['--print', 'sysroot']).trim();
  return path.join(root, 'lib/rustlib/src/rust/library', crate, 'src/lib.rs');
}

/**
 * Builds Rust's `core` and the crate that it requires, `compiler_builtins`. That crate is empty here, because runtime.c
 * and libgcc contain what is needed.
 */
const rustCore = once(() => {
  const output = path.join(folder(), 'libcore.rlib');
  rustc(['--crate-name', 'core', '-C', 'opt-level=1', rustLibrary('core'), '-o', output]);
  const empty = path.join(folder(), 'compiler_builtins.rs');
  fs.writeFileSync(empty, '#![feature(compiler_builtins)]\n#![compiler_builtins]\n#![no_std]\n');
  const builtins = path.join(folder(), 'libcompiler_builtins.rlib');
  rustc(['--crate-name', 'compiler_builtins', '--extern', `core=${output}`, empty, '-o', builtins]);
  return output;
});

function rustc(args: string[]): void {
  runTool('env', [
    ...['RUSTC_BOOTSTRAP=1', RUSTC, '--edition', '2021', '--crate-type', 'rlib', '-C', 'code-model=medium'],
    ...['--target', 'riscv64gc-unknown-none-elf', '-C', 'panic=abort', '-A', 'warnings', ...args],
  ]);
}

const support = once(() => [
  compile([GCC], 'start.S'),
  compile([GCC, '-O1', '-fno-tree-loop-distribute-patterns'], 'runtime.c'),
]);

function compile([command, ...flags]: string[], file: string): string {
  const object = scratch('o');
  runTool(command, [...MACHINE, ...FREESTANDING, ...flags, '-c', source(file), '-o', object]);
  return object;
}

function linked(compiler: Compiler, objects: string[], lto = false): string {
  const output = scratch('elf');
  compiler.link({ objects, output, lto });
  return output;
}

const source = (name: string): string => path.join(SOURCES, name);

let files = 0;
const scratch = (extension: string): string => path.join(folder(), `${++files}.${extension}`);

const folder = once(() => {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-languages-'));
  process.on('exit', () => fs.rmSync(made, { recursive: true, force: true }));
  return made;
});

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
