/** QEMU commands of well-known projects become launch configurations, and every difference from QEMU is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { findQemuCommands, textKind } from '../../extension/qemuImport/findCommands.ts';
import { importQemuCommand } from '../../extension/qemuImport/importCommand.ts';
import { OPTION_BY_NAME, QEMU_OPTIONS } from '../../extension/qemuImport/optionTable.ts';
import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import { parseLaunch } from '../support/launch.ts';
import { COMMAND_LINES } from './qemuCommandLines/index.ts';

const W = '${workspaceFolder}';

/** The configuration made from the first command in the input, and its differences from QEMU. */
function imported(text: string, { folder = '', file = '', existing = [] as object[] } = {}) {
  const [command] = findQemuCommands(text, textKind(file));
  assert.ok(command, 'the text contains a command');
  const { configuration, differences } = importQemuCommand(command, { folder, existing });
  parseLaunch(configuration);
  const { type, request, ...settings } = configuration;
  assert.deepEqual([type, request], ['blkreplay', 'launch']);
  return { settings, differences: differences.map(({ option, difference }) => [option, difference]) };
}

/** The settings and differences that result from adding these options to a command with only a board and a kernel. */
function settingsOf(options: string) {
  const { settings, differences } = imported(`qemu-system-riscv64 -M virt -kernel k.elf ${options}`);
  const { name, rr, rrfile, kernel, ...others } = settings;
  assert.deepEqual([name, rr, rrfile, kernel], ['Record k', 'record', `${W}/.blkreplay/k.rr`, `${W}/k.elf`]);
  return { ...others, differences };
}

// --- real command lines ---------------------------------------------------------------------------------------------

test('there are at least 20 real command lines', () => {
  assert.ok(new Set(COMMAND_LINES.map(({ source }) => source)).size >= 20);
});

for (const { name, file, folder, text, expected, unmapped } of COMMAND_LINES) {
  test(`${name}: the command line is imported`, () => {
    const { settings, differences } = imported(text, { file, folder });
    assert.deepEqual(settings, expected);
    assert.deepEqual(
      differences.map(([option]) => option),
      unmapped,
    );
    for (const [, difference] of differences) assert.match(difference, /^["A-Z\w].*\.$/);
  });
}

// --- options --------------------------------------------------------------------------------------------------------

test('each option of QEMU is in the table once', () => {
  const names = QEMU_OPTIONS.flatMap((option) => option.names);
  assert.deepEqual(names.length, new Set(names).size);
  for (const { names, missing, settings, apply } of QEMU_OPTIONS) {
    if (missing) assert.match(missing(), /^[A-Z].*\.$/, names[0]);
    assert.ok(settings.length === 0 || apply, names[0]);
  }
  assert.equal(OPTION_BY_NAME.get('M'), OPTION_BY_NAME.get('machine'));
});

test('a board other than virt, and properties of the board, are named', () => {
  const difference = (machine: string) => imported(`qemu-system-riscv64 -M ${machine} -kernel k.elf`).differences;
  assert.deepEqual(difference('virt,accel=tcg,acpi=off,aia=none'), []);
  assert.deepEqual(difference('sifive_u'), [['-M sifive_u', qemuDifferences.board('sifive_u')]]);
  assert.deepEqual(difference('type=virt,aclint=on,aia=aplic-imsic'), [
    ['-M type=virt,aclint=on,aia=aplic-imsic', qemuDifferences.aclint()],
    ['-M type=virt,aclint=on,aia=aplic-imsic', qemuDifferences.aia()],
  ]);
  assert.deepEqual(difference('virt,dumpdtb=t.dtb'), [['-M virt,dumpdtb=t.dtb', qemuDifferences.dumpdtb()]]);
  assert.deepEqual(imported('qemu-system-riscv64 -kernel k.elf').differences, [
    ['-machine', qemuDifferences.boardMissing()],
  ]);
});

test('CPU features that the harts do not have, and those that cannot be switched off, are named', () => {
  assert.deepEqual(settingsOf('-cpu rv64,zba=true,sstc=on,h=off,priv_spec=v1.12.0,zkt=on').differences, []);
  assert.deepEqual(settingsOf('-cpu max,v=true,c=false,+h').differences, [
    ['-cpu max,v=true,c=false,+h', qemuDifferences.cpuModel('max')],
    ['-cpu max,v=true,c=false,+h', qemuDifferences.cpuFeatureMissing('v')],
    ['-cpu max,v=true,c=false,+h', qemuDifferences.cpuFeatureStays('c')],
    ['-cpu max,v=true,c=false,+h', qemuDifferences.cpuFeatureMissing('h')],
  ]);
});

test('the number of harts is a count or the shape of the machine, up to the limit', () => {
  assert.deepEqual(settingsOf('-smp 1'), { differences: [] });
  assert.deepEqual(settingsOf('-smp cpus=4,maxcpus=8'), { harts: 4, differences: [] });
  assert.deepEqual(settingsOf('-smp sockets=1,cores=2,threads=2'), { harts: 4, differences: [] });
  assert.deepEqual(settingsOf('-smp 16'), { harts: 8, differences: [['-smp 16', qemuDifferences.hartLimit(8)]] });
  assert.deepEqual(settingsOf('-smp $(nproc)'), {
    differences: [['-smp <nproc>', qemuDifferences.unknownSetting(['nproc'], 'harts')]],
  });
});

test('the RAM size is in MiB without a unit, and stays within the limits', () => {
  assert.deepEqual(settingsOf('-m 128'), { differences: [] });
  assert.deepEqual(settingsOf('-m 256'), { memory: '256M', differences: [] });
  assert.deepEqual(settingsOf('-m size=1.5G,slots=2,maxmem=4G'), { memory: '1536M', differences: [] });
  assert.deepEqual(settingsOf('-m 65536k'), { memory: '64M', differences: [] });
  assert.deepEqual(settingsOf('-m 8G'), { memory: '2G', differences: [['-m 8G', qemuDifferences.memoryLimit('2G')]] });
  assert.deepEqual(settingsOf('-m 8'), { memory: '16M', differences: [['-m 8', qemuDifferences.memoryLimit('16M')]] });
  assert.deepEqual(settingsOf('-m all'), { differences: [['-m all', qemuDifferences.memoryUnclear()]] });
});

test('without -bios, the built-in firmware starts a raw binary; other kernels decide by their address', () => {
  const bios = (options: string) => imported(`qemu-system-riscv64 -M virt ${options}`).settings.bios;
  assert.equal(bios('-kernel Image'), undefined);
  assert.equal(bios('-kernel os.bin'), 'builtin');
  assert.equal(bios('-kernel os.elf -bios default'), 'builtin');
  assert.equal(bios('-kernel os.bin -bios none'), 'none');
  assert.equal(bios('-kernel os.elf -bios ../fw_jump.bin'), `${W}/../fw_jump.bin`);
  assert.equal(bios('-kernel os.elf -bios opensbi-riscv64-generic-fw_dynamic.bin'), 'builtin');
});

test('boot files: initial RAM disk, kernel command line, device tree, and files at an address', () => {
  const options = `-initrd r.cpio -append 'console=ttyS0 a=b,c' -dtb t.dtb -device loader,file=d@1.bin,addr=0x84000000 -device loader,file=app.elf`;
  assert.deepEqual(settingsOf(options), {
    initrd: `${W}/r.cpio`,
    append: 'console=ttyS0 a=b,c',
    dtb: `${W}/t.dtb`,
    load: [`${W}/d@1.bin@0x84000000`, `${W}/app.elf`],
    differences: [],
  });
  assert.deepEqual(settingsOf('-device loader,addr=0x80000000,data=1,data-len=4').differences, [
    ['-device loader,addr=0x80000000,data=1,data-len=4', qemuDifferences.loaderData()],
  ]);
});

const MODERN = '-global virtio-mmio.force-legacy=false';
const disk = (id: string, image: string, others: object = {}) => ({
  ...{ id, image: `${W}/${image}`, format: 'raw', overlay: `${W}/.blkreplay/k-${id}.qcow2` },
  ...others,
});

test('all notations for drives are imported as drives with overlays', () => {
  const drives = (options: string) => {
    const { drives, differences } = settingsOf(`${MODERN} ${options}`) as { drives?: unknown; differences: string[][] };
    return { drives, differences: differences.map(([, difference]) => difference) };
  };
  const device = '-device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0';
  assert.deepEqual(drives(`-drive file=fs.img,if=none,format=raw,id=x0,cache=none,aio=io_uring ${device}`), {
    drives: [disk('x0', 'fs.img')],
    differences: [],
  });
  assert.deepEqual(drives(`${device} -drive id=x0,file=a,,b.img,format=raw,if=none`).drives, [disk('x0', 'a,b.img')]);
  assert.deepEqual(drives(`-drive if=none,id=x0,file=s.qcow2,readonly=on ${device}`).drives, [
    { id: 'x0', image: `${W}/s.qcow2`, format: 'qcow2', readOnly: true },
  ]);
  assert.deepEqual(drives(`-drive if=none,id=x0,file=s.img,format=raw,snapshot=on ${device}`).drives, [
    { id: 'x0', image: `${W}/s.img`, format: 'raw' },
  ]);
  assert.deepEqual(drives(`-snapshot -drive if=none,id=x0,file=s.img,format=raw ${device}`).drives, [
    { id: 'x0', image: `${W}/s.img`, format: 'raw' },
  ]);
  assert.deepEqual(drives('-hda d.img'), {
    drives: [disk('hd0', 'd.img')],
    differences: [qemuDifferences.defaultDisk()],
  });
  assert.deepEqual(drives('d.img'), { drives: [disk('hd0', 'd.img')], differences: [qemuDifferences.defaultDisk()] });
  assert.deepEqual(drives('-drive file=d.img,format=raw,if=virtio').differences, [qemuDifferences.pciDisk()]);
  assert.deepEqual(drives('-drive file=d.img,format=raw,id=x0 -device virtio-blk-pci,drive=x0'), {
    drives: [disk('x0', 'd.img')],
    differences: [qemuDifferences.pciDisk()],
  });
});

test('block nodes are followed down to the image file; the node above the file determines the format', () => {
  const drives = (options: string) =>
    (settingsOf(`${MODERN} ${options} -device virtio-blk-device,drive=d,bus=virtio-mmio-bus.0`) as { drives?: unknown })
      .drives;
  const qcow2 = [disk('d', 'd.img', { format: 'qcow2' })];
  assert.deepEqual(
    drives('-blockdev driver=file,filename=d.img,node-name=f -blockdev qcow2,node-name=d,file=f,driver=qcow2'),
    qcow2,
  );
  assert.deepEqual(drives('-blockdev driver=qcow2,node-name=d,file.driver=file,file.filename=d.img'), qcow2);
  assert.deepEqual(drives('-blockdev driver=file,filename=d.img,node-name=d,cache.direct=on'), [disk('d', 'd.img')]);
  assert.deepEqual(
    drives(
      `-blockdev '{"driver":"file","filename":"d.img","node-name":"f"}' -blockdev '{"node-name":"d","driver":"qcow2","file":"f","read-only":false}'`,
    ),
    qcow2,
  );
  assert.deepEqual(
    drives('-drive file=d.img,if=none,format=raw,id=i -drive driver=blkreplay,if=none,image=i,id=d'),
    [disk('d', 'd.img')],
    "QEMU's filter for record and replay",
  );
  assert.equal(drives('-blockdev driver=qcow2,node-name=d,file=d'), undefined, 'a node that refers to itself');
});

test('disks have the same virtio slots and the same transport version as in QEMU', () => {
  const slots = (options: string) =>
    (settingsOf(options) as { drives?: { id: string; slot?: number; virtio?: string }[] }).drives?.map(
      ({ id, slot, virtio }) => [id, slot, virtio],
    );
  const two = '-drive file=a.img,if=none,format=raw,id=a -drive file=b.img,if=none,format=raw,id=b';
  assert.deepEqual(slots(`${two} -device virtio-blk-device,drive=a -device virtio-blk-device,drive=b`), [
    ['a', 7, 'legacy'],
    ['b', 6, 'legacy'],
  ]);
  assert.deepEqual(
    slots(
      `${MODERN} ${two} -device virtio-net-device -device virtio-blk-device,drive=a -device virtio-blk-device,drive=b,bus=virtio-mmio-bus.2`,
    ),
    [
      ['a', 6, undefined],
      ['b', 2, undefined],
    ],
  );
  assert.deepEqual(
    slots(
      `${two} -device virtio-blk-device,drive=a,bus=virtio-mmio-bus.0 -device virtio-blk-device,drive=b,bus=virtio-mmio-bus.1`,
    ),
    [
      ['a', undefined, 'legacy'],
      ['b', undefined, 'legacy'],
    ],
    'the default order needs no slots',
  );
  assert.deepEqual(
    slots(`-global driver=virtio-mmio,property=force-legacy,value=off ${two} -device virtio-blk-device,drive=a`),
    [['a', 7, undefined]],
  );
});

test('drives that cannot be imported are named', () => {
  const differences = (options: string) => settingsOf(options).differences.map(([, difference]) => difference);
  assert.deepEqual(differences('-drive file=d.img,format=raw,if=none,id=x'), [qemuDifferences.driveUnused()]);
  assert.deepEqual(differences('-device virtio-blk-device,drive=x'), [qemuDifferences.driveUnknown('x')]);
  assert.deepEqual(differences('-drive file=d.vmdk,format=vmdk'), [qemuDifferences.driveFormat('vmdk')]);
  assert.deepEqual(differences('-drive file=nbd://host/disk,format=raw'), [qemuDifferences.driveProtocol('nbd')]);
  assert.deepEqual(differences('-drive file=fat:rw:folder,format=raw'), [qemuDifferences.driveProtocol('fat')]);
  assert.deepEqual(differences('-drive file=d.img,if=sd,format=raw'), [qemuDifferences.diskInterface('sd')]);
  assert.deepEqual(differences('-drive file=v.fd,if=pflash,format=raw'), [qemuDifferences.flash()]);
  assert.deepEqual(differences('-cdrom a.iso'), [qemuDifferences.cdrom()]);
  const nine = Array.from({ length: 9 }, (_, i) => `-drive file=${i}.img,if=virtio,format=raw`).join(' ');
  assert.equal(differences(nine).filter((difference) => difference === qemuDifferences.driveLimit(8)).length, 1);
  assert.equal(
    differences(`-device virtio-rng-device ${nine}`).filter(
      (difference) => difference === qemuDifferences.driveLimit(7),
    ).length,
    2,
  );
});

test('identifiers of drives are valid and distinct', () => {
  const ids = (options: string) => (settingsOf(options) as { drives?: { id: string }[] }).drives?.map(({ id }) => id);
  assert.deepEqual(ids('-drive file=a.img,if=virtio,id=0x! -drive file=b.img,if=virtio,id=hd0'), ['hd0', 'hd1']);
  assert.deepEqual(ids('-drive file=a.img,if=virtio,id=x -drive file=b.img,if=virtio,id=x'), ['x', 'hd1']);
});

test('devices that do not exist are named, each with its reason', () => {
  const difference = (device: string) => settingsOf(`-device ${device}`).differences[0]?.[1];
  assert.equal(difference('virtio-net-pci,netdev=n'), qemuDifferences.network());
  assert.equal(difference('virtio-gpu-device'), qemuDifferences.graphics());
  assert.equal(difference('virtio-keyboard-device'), qemuDifferences.virtioDevice('virtio-keyboard-device'));
  assert.equal(difference('qemu-xhci'), qemuDifferences.usb());
  assert.equal(difference('AC97,audiodev=pa'), qemuDifferences.audio());
  assert.equal(difference('virtio-9p-pci,fsdev=f,mount_tag=t'), qemuDifferences.sharedFolder());
  assert.equal(difference('pcie-root-port'), qemuDifferences.pci('pcie-root-port'));
  assert.equal(difference('nvme,drive=x'), qemuDifferences.diskController('NVMe'));
  assert.equal(difference('virtio-rng-pci'), qemuDifferences.pciRng());
  assert.deepEqual(settingsOf('-object rng-random,filename=/dev/urandom,id=r -device virtio-rng-device,rng=r'), {
    rng: true,
    differences: [],
  });
});

test('networking is named in every notation', () => {
  assert.deepEqual(settingsOf('-net none -nic none').differences, []);
  for (const option of ['-netdev user,id=n', '-nic user', '-net nic', '-device e1000,netdev=n']) {
    assert.deepEqual(settingsOf(option).differences, [[option, qemuDifferences.network()]]);
  }
});

test('debugging options: gdb, stopping at the start, resets, semihosting', () => {
  assert.deepEqual(settingsOf('-s -S -no-reboot -semihosting'), {
    ...{ gdbServer: 1234, stopOnEntry: true, noReboot: true, semihosting: true },
    differences: [],
  });
  assert.deepEqual(settingsOf('-gdb tcp::26000'), { gdbServer: 26000, differences: [] });
  assert.deepEqual(settingsOf('-gdb unix:gdb.sock,server=on,wait=off'), {
    gdbServer: `unix:${W}/gdb.sock`,
    differences: [],
  });
  assert.deepEqual(settingsOf('-gdb tcp:example.com:1').differences[0][1], qemuDifferences.gdbListen());
  assert.deepEqual(settingsOf('-semihosting-config enable=on,target=native'), { semihosting: true, differences: [] });
  assert.deepEqual(settingsOf('-semihosting-config enable=off'), { differences: [] });
  assert.deepEqual(settingsOf('-action reboot=shutdown'), { noReboot: true, differences: [] });
});

test('console and time: options with the usual values need no setting, and others are named', () => {
  assert.deepEqual(
    settingsOf('-nographic -serial mon:stdio -monitor none -display none -rtc base=utc -icount 0').differences,
    [],
  );
  assert.deepEqual(settingsOf('-serial pty').differences, [['-serial pty', qemuDifferences.serial()]]);
  assert.deepEqual(settingsOf('-serial stdio -serial null').differences, [
    ['-serial null', qemuDifferences.secondSerial()],
  ]);
  assert.deepEqual(settingsOf('-icount shift=7').differences, [['-icount shift=7', qemuDifferences.instructionTime()]]);
  assert.deepEqual(
    settingsOf('-icount shift=0,rr=replay,rrfile=r.bin').differences[0][1],
    qemuDifferences.qemuRecording(),
  );
  assert.deepEqual(settingsOf('-rtc base=localtime').differences[0][1], qemuDifferences.realTimeClock());
  assert.deepEqual(
    settingsOf('-d int -D log.txt').differences.map(([option]) => option),
    ['-d int', '-D log.txt'],
  );
});

test('an unknown option is named together with its value', () => {
  assert.deepEqual(settingsOf('-frobnicate fast -smp 2'), {
    harts: 2,
    differences: [['-frobnicate fast', qemuDifferences.unknownOption()]],
  });
  assert.deepEqual(settingsOf('-smp').differences, [['-smp', qemuDifferences.valueMissing()]]);
});

test('a command with neither a kernel nor firmware gets a placeholder for the kernel', () => {
  const { settings, differences } = imported('qemu-system-riscv64 -M virt', { folder: 'vm' });
  assert.equal(settings.kernel, `${W}/vm/<kernel>`);
  assert.deepEqual(differences, [['-kernel', qemuDifferences.noBootFile()]]);
});

test('a file that cannot be included is named if a value of the command is not known', () => {
  const differencesOf = (memory: string) => {
    const run = `qemu-system-riscv64 -M virt -kernel k.bin -m ${memory}`;
    return imported(`include config.mk\nrun:\n\t${run}\n`, { file: 'Makefile' }).differences;
  };
  const named = ['include config.mk', qemuDifferences.includeMissing()];
  assert.ok(differencesOf('$(MEM)').some((difference) => isDeepStrictEqual(difference, named)));
  assert.ok(!differencesOf('1G').some(([option]) => option.startsWith('include')));
});

// --- names and files ------------------------------------------------------------------------------------------------

test('the configuration and its files have names that no other configuration uses', () => {
  const line = 'qemu-system-riscv64 -M virt -kernel out/kernel.elf -hda d.img';
  const existing = [{ name: 'Record kernel' }, { name: 'Mine', rrfile: '.blkreplay/kernel-2.rr' }];
  const { settings } = imported(line, { existing });
  assert.equal(settings.name, 'Record kernel-3');
  assert.equal(settings.rrfile, `${W}/.blkreplay/kernel-3.rr`);
  assert.deepEqual((settings.drives as { overlay: string }[])[0].overlay, `${W}/.blkreplay/kernel-3-hd0.qcow2`);
});

test("paths can be relative to the command's folder, absolute, or in the user's home folder", () => {
  const kernel = (path: string) =>
    imported(`qemu-system-riscv64 -M virt -kernel ${path}`, { folder: 'os/x' }).settings.kernel;
  assert.equal(kernel('k'), `${W}/os/x/k`);
  assert.equal(kernel('../../k'), `${W}/k`);
  assert.equal(kernel('/boot/k'), '/boot/k');
  assert.equal(kernel('~/k'), '${userHome}/k');
  assert.equal(kernel('$HOME/k'), '${userHome}/k');
  assert.equal(kernel('k@1'), `${W}/os/x/k@@1`, 'the name does not contain an address');
});

test("VS Code's variables in a command are not replaced or run", () => {
  const { settings } = imported(
    `qemu-system-riscv64 -M virt -kernel '\${command:workbench.action.quit}' -append '\${env:TOKEN} x'`,
  );
  assert.doesNotMatch(JSON.stringify(settings).replaceAll(W, ''), /\$\{/);
  assert.equal(settings.append, '<env:TOKEN> x');
});
