/** Each mistake on the command line is reported in one sentence that names what is wrong. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCommandLine } from '../../debug-adapter/cli/options.ts';
import { UserError } from '../../debug-adapter/messages/userError.ts';
import { DRIVE, SEED, words } from './commandLines.ts';

const MISTAKES: [line: string, code: string, says: RegExp][] = [
  [
    'run --kernel a --harts 9',
    'cli-option-bad-value',
    /^Invalid value "9" for --harts: expected a number from 1 to 8\.$/,
  ],
  ['run --kernel a --harts 0', 'cli-option-bad-value', /^Invalid value "0" for --harts/],
  ['', 'cli-command-missing', /^No command was given: expected run, record, replay, info, symbols/],
  ['rewind', 'cli-command-unknown', /Unknown command "rewind": expected run/],
  ['run', 'cli-option-required', /^run needs --kernel FILE/],
  ['run --bios builtin', 'cli-option-required', /^run needs --kernel FILE, --bios FILE or --load FILE\./],
  ['run --bios none --dtb a', 'cli-option-required', /^run needs --kernel FILE/],
  ['run --kernel a --load', 'cli-option-value-missing', /^--load needs a value/],
  ['run --kernel a --load=', 'cli-option-bad-value', /^Invalid value "" for --load: expected a file name/],
  [
    'run --kernel a --load b@0xg',
    'cli-option-bad-value',
    /^Invalid value "b@0xg" for --load: expected FILE or FILE@ADDRESS/,
  ],
  ['run --kernel a --dtb b --dtb c', 'cli-option-twice', /^--dtb was given twice/],
  ['run --kernel a --dumpdtb=', 'cli-option-bad-value', /^Invalid value "" for --dumpdtb: expected a file name/],
  [`run ${'--load a.elf '.repeat(33)}`, 'cli-loads-too-many', /^--load was given 33 times; at most 32 files/],
  ['record --kernel k.elf', 'cli-option-required', /^record needs --rrfile FILE/],
  ['replay', 'cli-option-required', /^replay needs --rrfile FILE/],
  ['info', 'cli-argument-missing', /^info needs RRFILE/],
  ['info a b', 'cli-argument-unexpected', /"b"/],
  ['info a --memory 1G', 'cli-option-unknown', /^info has no option --memory\. Its only option is --json\./],
  ['run k.elf', 'cli-argument-unexpected', /^Unexpected argument "k\.elf" for run\./],
  ['run --kernal k.elf', 'cli-option-unknown', /^run has no option --kernal\. Its options are --kernel, --bios/],
  ['run -k k.elf', 'cli-option-unknown', /^run has no option -k\./],
  ['run --kernel', 'cli-option-value-missing', /^--kernel needs a value/],
  ['run --kernel --json', 'cli-option-value-missing', /^--kernel needs a value/],
  ['run --kernel=', 'cli-option-bad-value', /^Invalid value "" for --kernel: expected a file name/],
  ['run --kernel a --kernel b', 'cli-option-twice', /^--kernel was given twice/],
  ['run --kernel a --json=yes', 'cli-option-value-extra', /^--json does not accept a value, but "yes" was given/],
  [
    'run --kernel a --memory 100',
    'cli-option-bad-value',
    /^Invalid value "100" for --memory: expected 16M to 2G in whole MiB/,
  ],
  ['run --kernel a --memory 8M', 'cli-option-bad-value', /^Invalid value "8M" for --memory/],
  ['run --kernel a --memory 3G', 'cli-option-bad-value', /^Invalid value "3G" for --memory/],
  ['run --kernel a --memory 1.5G', 'cli-option-bad-value', /^Invalid value "1\.5G" for --memory/],
  ['run --kernel a --memory 20000K', 'cli-option-bad-value', /^Invalid value "20000K" for --memory/],
  ['run --kernel a --memory much', 'cli-option-bad-value', /^Invalid value "much" for --memory/],
  [
    'run --kernel a --stop-at 1e6',
    'cli-option-bad-value',
    /^Invalid value "1e6" for --stop-at: expected a number of steps/,
  ],
  ['run --kernel a --stop-at=-5', 'cli-option-bad-value', /^Invalid value "-5" for --stop-at/],
  ['run --kernel a --stop-at -5', 'cli-option-value-missing', /^--stop-at needs a value/],
  ['run --kernel a --stop-at 1__0', 'cli-option-bad-value', /^Invalid value "1__0" for --stop-at/],
  [
    'run --kernel a --stop-at 9007199254740992',
    'cli-option-bad-value',
    /^Invalid value "9007199254740992" for --stop-at/,
  ],
  ['run --kernel a --gdb', 'cli-option-value-missing', /^--gdb needs a value/],
  [
    'run --kernel a --gdb 65536',
    'cli-option-bad-value',
    /^Invalid value "65536" for --gdb: expected a port from 1 to 65535/,
  ],
  ['replay --rrfile a --gdb tcp:1', 'cli-option-bad-value', /^Invalid value "tcp:1" for --gdb/],
  ['run --kernel a --gdb=-1', 'cli-option-bad-value', /^Invalid value "-1" for --gdb/],
  ['symbols', 'cli-argument-missing', /^symbols needs IMAGE/],
  ['symbols Image --json', 'cli-option-unknown', /^symbols has no option --json\. It has no options\.$/],
  ['info a --gdb 1', 'cli-option-unknown', /^info has no option --gdb\./],
  [
    'run --kernel a --idle fast',
    'cli-option-bad-value',
    /^Invalid value "fast" for --idle: expected warp .* or realtime/,
  ],
  ['replay --rrfile a --idle fast', 'cli-option-bad-value', /^Invalid value "fast" for --idle/],
  ['record --kernel a --rrfile b --rrsnapshot=', 'cli-option-bad-value', /^Invalid value "" for --rrsnapshot/],
  ['record --kernel a --rrfile b --rrsnapshot auto-5', 'cli-option-bad-value', /not starting with "auto-"/],
  [`record --kernel a --rrfile b --rrsnapshot ${'x'.repeat(256)}`, 'cli-option-bad-value', /1 to 255 bytes/],
  ['run --kernel a --drive', 'cli-option-value-missing', /^--drive needs a value/],
  ['run --kernel a --drive=', 'cli-drive-bad', /^Invalid --drive "": id is missing\. Write id=NAME/],
  ['run --kernel a --drive disk.img', 'cli-drive-bad', /unknown field "disk\.img"/],
  ['run --kernel a --drive id=hd0,image=x', 'cli-drive-bad', /: format is missing\./],
  ['run --kernel a --drive id=hd0,format=raw', 'cli-drive-bad', /: image is missing\./],
  ['run --kernel a --drive id=hd0,image=,format=raw', 'cli-drive-bad', /: image is missing\./],
  ['run --kernel a --drive id,image=x,format=raw', 'cli-drive-bad', /: id has no value/],
  ['run --kernel a --drive id=hd0,id=hd1,image=x,format=raw', 'cli-drive-bad', /: id is given twice/],
  ['run --kernel a --drive id=0,image=x,format=raw', 'cli-drive-bad', /invalid value "0" for id\. Expected a letter/],
  [
    'run --kernel a --drive id=hd0,image=x,format=vmdk',
    'cli-drive-bad',
    /invalid value "vmdk" for format\. Expected raw or qcow2/,
  ],
  [
    `run --kernel a ${DRIVE},readonly=maybe`,
    'cli-drive-bad',
    /invalid value "maybe" for readonly\. Expected on or off/,
  ],
  [`run --kernel a ${DRIVE},slot=8`, 'cli-drive-bad', /invalid value "8" for slot\. Expected a number from 0 to 7/],
  [`run --kernel a ${DRIVE},slot=`, 'cli-drive-bad', /invalid value "" for slot\. Expected a number from 0/],
  [
    `run --kernel a ${DRIVE},virtio=1.0`,
    'cli-drive-bad',
    /invalid value "1\.0" for virtio\. Expected modern or legacy/,
  ],
  [
    `run --kernel a ${DRIVE},slot=3 --drive id=hd1,image=x,format=raw,slot=3`,
    'cli-drives-share',
    /hd0 and hd1 both use slot 3/,
  ],
  [
    `run --kernel a --rng ${Array.from({ length: 8 }, (_, i) => `--drive id=hd${i},image=x,format=raw`).join(' ')}`,
    'cli-drives-too-many',
    /--drive was given 8 times, but the machine has only 7 free slots/,
  ],
  ['run --kernel a --rng=on', 'cli-option-value-extra', /^--rng does not accept a value/],
  ['run --kernel a --rng-seed', 'cli-option-value-missing', /^--rng-seed needs a value/],
  [
    'run --kernel a --rng-seed=',
    'cli-option-bad-value',
    /^Invalid value "" for --rng-seed: expected 64 hexadecimal digits/,
  ],
  [
    `run --kernel a --rng-seed ${SEED.slice(1)}`,
    'cli-option-bad-value',
    /expected 64 hexadecimal digits .* or none\.$/,
  ],
  [
    `run --kernel a --rng-seed ${SEED}0`,
    'cli-option-bad-value',
    /^Invalid value .* for --rng-seed: expected 64 hexadecimal digits/,
  ],
  [`replay --rrfile a --rng-seed ${SEED.replace('0', 'g')}`, 'cli-option-bad-value', /^Invalid value "g123/],
  ['run --kernel a --no-reboot=yes', 'cli-option-value-extra', /^--no-reboot does not accept a value/],
  ['run --kernel a --semihosting=on', 'cli-option-value-extra', /^--semihosting does not accept a value/],
  [`run --kernel a ${DRIVE},overlay=`, 'cli-drive-bad', /the name of the overlay is empty/],
  [`run --kernel a ${DRIVE},overlay=o,readonly`, 'cli-drive-bad', /a read-only drive cannot have an overlay/],
  [`run --kernel a ${DRIVE},overlay=disk.img`, 'cli-drive-bad', /image and overlay are the same file/],
  [`run --kernel a ${DRIVE} ${DRIVE}`, 'cli-drive-twice', /Two --drive options have the id "hd0"/],
  [
    `run --kernel a ${DRIVE},overlay=o --drive id=hd1,image=x,format=raw,overlay=o`,
    'cli-drives-share',
    /hd0 and hd1 both use the file "o"/,
  ],
  [
    `run --kernel a ${DRIVE} --drive id=hd1,image=x,format=raw,overlay=disk.img`,
    'cli-drives-share',
    /hd0 and hd1 both use the file "disk\.img"/,
  ],
  [
    `run --kernel a ${Array.from({ length: 9 }, (_, i) => `--drive id=hd${i},image=x,format=raw`).join(' ')}`,
    'cli-drives-too-many',
    /--drive was given 9 times, but the machine has only 8 free slots/,
  ],
];

for (const [line, code, says] of MISTAKES) {
  test(`mistake: ${line.slice(0, 90) || '(nothing)'}`, () => {
    assert.throws(
      () => parseCommandLine(words(line)),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.kind, 'badInput');
        assert.equal(error.code, code, error.message);
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}
