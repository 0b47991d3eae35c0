import fs from 'node:fs';
import path from 'node:path';

/**
 * A mistake that prevents a session from starting. The folder `scratch` contains a valid recording, demo.rr, and its
 * overlay, hd0.qcow2. Unless `settings` changes this, the configuration records the demo to new.rr and new.qcow2 in the
 * same folder.
 */
export interface Mistake {
  what: string;
  settings: object;
  /** Creates or changes the files that the mistake is about, in the given workspace folder. */
  files?: (folder: string) => void;
  says: RegExp;
  /** The setting or the file that the sentence names. */
  where: string;
}

const DRIVE = { id: 'hd0', image: 'empty.qcow2', format: 'qcow2', overlay: 'scratch/new.qcow2' };
const REPLAY = { rr: 'replay', rrfile: 'scratch/demo.rr', drives: [{ ...DRIVE, overlay: 'scratch/hd0.qcow2' }] };

const write = (name: string, bytes: string | Uint8Array) => (folder: string) =>
  fs.writeFileSync(path.join(folder, 'scratch', name), bytes);

/** Writes a copy of the demo's ELF file, with some bytes changed, to the folder `scratch`. */
const elf = (name: string, change: (bytes: Buffer) => Buffer | void) => (folder: string) => {
  const bytes = fs.readFileSync(path.join(folder, 'demo/demo.elf'));
  write(name, change(bytes) ?? bytes)(folder);
};

/** Changes the contents of a file in the folder `scratch`. */
const changed = (name: string, change: (bytes: Buffer) => Buffer | void) => (folder: string) => {
  const bytes = fs.readFileSync(path.join(folder, 'scratch', name));
  write(name, change(bytes) ?? bytes)(folder);
};

const removed = (name: string) => (folder: string) => fs.rmSync(path.join(folder, 'scratch', name));

const SETTINGS: Mistake[] = [
  { what: 'an unknown word', settings: { rr: 'rewind' }, says: /Invalid value/, where: '"rr"' },
  { what: 'no file for the recording', settings: { rrfile: undefined }, says: /has no/, where: '"rrfile"' },
  { what: 'no kernel', settings: { kernel: undefined }, says: /has no/, where: '"kernel"' },
  { what: 'a number in place of a file name', settings: { kernel: 7 }, says: /Invalid value/, where: '"kernel"' },
  { what: 'a fraction of a MiB', settings: { memory: '3.5M' }, says: /whole MiB/, where: '"memory"' },
  {
    what: 'a string in place of true',
    settings: { stopOnEntry: 'yes' },
    says: /true or false/,
    where: '"stopOnEntry"',
  },
  { what: 'an unknown board', settings: { machine: 'spike' }, says: /Invalid value/, where: '"machine"' },
  {
    what: 'a snapshot name reserved for automatic snapshots',
    settings: { rrsnapshot: 'auto-7' },
    says: /auto-/,
    where: '"rrsnapshot"',
  },
  {
    what: 'an unknown image format',
    settings: { drives: [{ ...DRIVE, format: 'vmdk' }] },
    says: /"raw" or "qcow2"/,
    where: '"drives[0].format"',
  },
  { what: 'a drive without an image', settings: { drives: [{ id: 'a' }] }, says: /has no/, where: '"drives[0].image"' },
  { what: 'the same id twice', settings: { drives: [DRIVE, DRIVE] }, says: /the same id/, where: 'hd0' },
  {
    what: 'the same overlay twice',
    settings: { drives: [DRIVE, { ...DRIVE, id: 'hd1' }] },
    says: /the same overlay/,
    where: 'hd1',
  },
  {
    what: 'an overlay for a read-only drive',
    settings: { drives: [{ ...DRIVE, readOnly: true }] },
    says: /read-only/,
    where: '"drives[0].overlay"',
  },
];

const MISSING: Mistake[] = [
  { what: 'a missing kernel', settings: { kernel: 'no.elf' }, says: /does not exist/, where: '"kernel"' },
  {
    what: 'a missing symbols file',
    settings: { symbols: ['no.elf'] },
    says: /does not exist/,
    where: '"symbols[0]"',
  },
  {
    what: 'a missing image',
    settings: { drives: [{ ...DRIVE, image: 'no.img' }] },
    says: /does not exist/,
    where: '"drives[0].image"',
  },
  {
    what: 'a missing recording',
    settings: { ...REPLAY, rrfile: 'no.rr' },
    says: /the recording .* does not exist/,
    where: '"rrfile"',
  },
  {
    what: 'the overlay of a recording is missing',
    settings: REPLAY,
    files: removed('hd0.qcow2'),
    says: /the overlay .* does not exist/,
    where: '"drives[0].overlay"',
  },
  { what: 'a folder as kernel', settings: { kernel: 'demo' }, says: /is a folder/, where: 'demo' },
];

const KERNELS: Mistake[] = [
  {
    what: 'a symbols file that is not ELF',
    settings: { symbols: ['README.md'] },
    says: /not an ELF/,
    where: 'README.md',
  },
  {
    what: 'a symbols file for another processor',
    settings: { symbols: ['scratch/x86.elf'] },
    files: elf('x86.elf', (bytes) => void bytes.writeUInt16LE(62, 18)),
    says: /not an ELF file for little-endian 64-bit RISC-V/,
    where: 'x86.elf',
  },
  { what: 'a kernel that is not ELF', settings: { kernel: 'README.md' }, says: /ELF|Image/, where: 'README.md' },
  {
    what: 'a kernel for another processor',
    settings: { kernel: 'scratch/x86.elf' },
    files: elf('x86.elf', (bytes) => void bytes.writeUInt16LE(62, 18)),
    says: /another processor/,
    where: 'x86.elf',
  },
  {
    what: 'a 32-bit kernel',
    settings: { kernel: 'scratch/small.elf' },
    files: elf('small.elf', (bytes) => void bytes.writeUInt8(1, 4)),
    says: /32-bit/,
    where: 'small.elf',
  },
  {
    what: 'a truncated kernel',
    settings: { kernel: 'scratch/cut.elf' },
    files: elf('cut.elf', (bytes) => bytes.subarray(0, 5000)),
    says: /truncated/,
    where: 'cut.elf',
  },
  {
    what: 'an object file as kernel',
    settings: { kernel: 'scratch/main.elf' },
    files: elf('main.elf', (bytes) => void bytes.writeUInt16LE(1, 16)),
    says: /not linked/,
    where: 'main.elf',
  },
  {
    what: 'a kernel outside RAM',
    settings: { kernel: 'scratch/low.elf' },
    // p_paddr of the first program headers (ELF specification: a 64-bit program header has 56 bytes, with p_paddr at
    // offset 24).
    files: elf('low.elf', (bytes) => {
      const headers = Number(bytes.readBigUInt64LE(32));
      for (let i = 0; i < bytes.readUInt16LE(56); i++) bytes.writeBigUInt64LE(0x1000n, headers + 56 * i + 24);
    }),
    says: /outside RAM|overlap/,
    where: 'low.elf',
  },
];

const DISKS: Mistake[] = [
  {
    what: 'an image whose format differs from the setting',
    settings: { drives: [{ ...DRIVE, image: 'demo/demo.elf' }] },
    says: /is not a qcow2 image/,
    where: 'demo.elf',
  },
  {
    what: 'a damaged image',
    settings: { drives: [{ ...DRIVE, image: 'scratch/bad.qcow2' }] },
    files: (folder) => {
      const bytes = fs.readFileSync(path.join(folder, 'empty.qcow2'));
      bytes.writeBigUInt64BE(0x7fff_ffff_f000n, 40);
      write('bad.qcow2', bytes)(folder);
    },
    says: /is damaged/,
    where: 'bad.qcow2',
  },
  {
    what: 'an overlay that is also the image',
    settings: { drives: [{ ...DRIVE, overlay: 'empty.qcow2' }], overwrite: 'always' },
    says: /both as an overlay and for another purpose/,
    where: 'empty.qcow2',
  },
  {
    what: 'a recording that is also the kernel',
    settings: { rrfile: 'demo/demo.elf', overwrite: 'always' },
    says: /both the recording to write and/,
    where: 'demo.elf',
  },
  { what: 'an existing recording', settings: { rrfile: 'scratch/demo.rr' }, says: /exists/, where: 'demo.rr' },
  {
    what: 'an existing overlay',
    settings: { drives: [{ ...DRIVE, overlay: 'scratch/hd0.qcow2' }] },
    says: /exists/,
    where: 'hd0.qcow2',
  },
];

const RECORDINGS: Mistake[] = [
  {
    what: 'a file that is not a recording',
    settings: { ...REPLAY, rrfile: 'README.md' },
    says: /is not a blkreplay recording/,
    where: 'README.md',
  },
  {
    what: 'a recording of a later format',
    settings: REPLAY,
    files: changed('demo.rr', (bytes) => void bytes.writeUInt32LE(1000, 8)),
    says: /version|damaged|not a blkreplay recording/,
    where: 'demo.rr',
  },
  {
    what: 'a recording truncated in its header',
    settings: REPLAY,
    files: changed('demo.rr', (bytes) => bytes.subarray(0, 40)),
    says: /ends inside/,
    where: 'demo.rr',
  },
  {
    what: 'a damaged recording',
    settings: REPLAY,
    files: changed('demo.rr', (bytes) => void bytes.fill(0, 60, 80)),
    says: /is damaged/,
    where: 'demo.rr',
  },
  {
    what: 'another memory size than recorded',
    settings: { ...REPLAY, memory: '64M' },
    says: /a different machine \(memory/,
    where: 'demo.rr',
  },
  {
    what: 'one drive less than recorded',
    settings: { ...REPLAY, drives: [] },
    says: /recorded with drive hd0/,
    where: 'demo.rr',
  },
  {
    what: 'one drive more than recorded',
    settings: { ...REPLAY, drives: [...REPLAY.drives, { id: 'hd1', image: 'empty.qcow2', format: 'qcow2' }] },
    says: /without drive hd1/,
    where: 'demo.rr',
  },
  {
    what: 'a changed base image',
    settings: { ...REPLAY, drives: [{ ...REPLAY.drives[0], image: 'scratch/other.img', format: 'raw' }] },
    files: write('other.img', new Uint8Array(4 << 20).fill(7)),
    says: /a different machine|has changed/,
    where: 'demo.rr',
  },
  {
    what: 'the overlay of another image',
    settings: REPLAY,
    files: (folder) => fs.copyFileSync(path.join(folder, 'empty.qcow2'), path.join(folder, 'scratch/hd0.qcow2')),
    says: /no snapshot|backing|differs|was recorded with/,
    where: 'hd0.qcow2',
  },
  {
    what: 'an unknown first snapshot',
    settings: { ...REPLAY, rrsnapshot: 'mine' },
    says: /no snapshot "mine"/,
    where: 'hd0.qcow2',
  },
];

export const MISTAKES: readonly Mistake[] = [...SETTINGS, ...MISSING, ...KERNELS, ...DISKS, ...RECORDINGS];
