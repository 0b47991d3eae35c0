import type { Guest, GuestLeftOut } from './guest.ts';

/** The rows of docs/guests.md, in order. The file names are the ones that the projects' builds and the packages use. */
export const GUESTS: readonly Guest[] = [
  ...xv6('xv6-2019-09', '78f863f', { virtio: 'legacy', usertests: 'usertests', hasPmp: false }),
  ...xv6('xv6-2020-09', '788b4d1', { virtio: 'legacy', usertests: 'usertests', hasPmp: false }),
  ...xv6('xv6-2021-10', 'cd00a82', { virtio: 'modern', usertests: 'usertests' }),
  ...xv6('xv6-2022-08', 'f5b93ef', { virtio: 'modern', usertests: 'usertests -q' }),
  ...xv6('xv6-2023-12', 'dd2574b', { virtio: 'modern', usertests: 'usertests -q' }),
  ...xv6('xv6-2024-09', 'de247db', { virtio: 'modern', usertests: 'usertests -q' }),
  {
    name: 'FreeRTOS blinky',
    what: 'tasks, a queue and a timer; demo RISC-V-Qemu-virt_GCC, built for rv64imafdc',
    source: 'FreeRTOS/FreeRTOS 592732b with FreeRTOS-Kernel 4269c69',
    kernel: 'freertos/RTOSDemo.axf',
    expected: ['Hello FreeRTOS!', '0: Tx: Transfer1', '0: Tx: Transfer2', '0: Tx: Transfer1'],
    secondsMax: 120,
  },
  {
    name: 'FreeRTOS full demo',
    what: 'demo RISC-V_RV32_QEMU_VIRT_GCC, built for rv64imafdc with picolibc: 25 tests run in parallel and print through semihosting',
    source: 'FreeRTOS/FreeRTOS 592732b with FreeRTOS-Kernel 4269c69',
    kernel: 'freertos/RTOSDemo-picolibc.elf',
    qemuOptions: ['-semihosting'],
    ourOptions: ['--semihosting'],
    expected: ['FreeRTOS Demo Start', 'FreeRTOS Demo SUCCESS'],
    secondsMax: 900,
    isLong: true,
  },
  {
    name: 'ThreadX',
    what: 'port risc-v64/gnu with its example for qemu_virt',
    source: 'eclipse-threadx/threadx 7ad78c4',
    kernel: 'threadx/threadx.elf',
    expected: ['Uart Init Done', 'thread_0_entry is here!', 'thread_6_and_7_entry', 'thread_0_entry is here!'],
    secondsMax: 120,
  },
  {
    name: 'LittleKernel in machine mode',
    what: 'qemu-virt-riscv64-test: a kernel with a shell',
    source: 'littlekernel/lk bd45103',
    harts: 2,
    memory: '512M',
    kernel: 'lk/lk.elf',
    typed: [{ after: '] ', text: 'help\n' }],
    expected: ['entering main console loop', 'command list by block'],
    secondsMax: 120,
  },
  {
    name: 'LittleKernel in supervisor mode',
    what: 'qemu-virt-riscv64-supervisor-test, on OpenSBI',
    source: 'littlekernel/lk bd45103',
    harts: 2,
    memory: '512M',
    bios: 'debian12/fw_dynamic.bin',
    kernel: 'lk/lk-supervisor.elf',
    typed: [{ after: '] ', text: 'help\n' }],
    expected: ['entering main console loop', 'command list by block'],
    secondsMax: 240,
  },
  {
    name: 'MicroPython',
    what: 'port qemu, board VIRT_RV64',
    source: 'micropython/micropython 1c3c201',
    kernel: 'micropython/firmware.elf',
    typed: [{ after: '>>> ', text: 'print(6*7)\r' }],
    expected: ['MicroPython v1.29', '>>> ', '42\r\n'],
    secondsMax: 120,
  },
  {
    name: 'NuttX',
    what: 'rv-virt:nsh64 without LIBC_FDT and DEVICE_TREE, which the build would download',
    source: 'apache/nuttx 4ebc8a7 with nuttx-apps a71c329',
    kernel: 'nuttx/nuttx',
    typed: [{ after: 'nsh> ', text: 'uname -a\n' }],
    expected: ['nsh> ', 'NuttX', 'risc-v rv-virt'],
    secondsMax: 240,
  },
  uBoot('U-Boot 2023.01 in machine mode', 'u-boot-qemu 2023.01+dfsg-2+deb12u3', { bios: 'debian12/u-boot-m.bin' }),
  uBoot('U-Boot 2023.01 in supervisor mode', 'u-boot-qemu 2023.01+dfsg-2+deb12u3, opensbi 1.1-2', {
    bios: 'debian12/fw_jump.bin',
    kernel: 'debian12/u-boot-s.bin',
  }),
  uBoot('U-Boot 2025.01 in machine mode', 'u-boot-qemu 2025.01-3+deb13u1', { bios: 'debian13/u-boot-m.bin' }),
  uBoot('U-Boot 2025.01 in supervisor mode', 'u-boot-qemu 2025.01-3+deb13u1, opensbi 1.6-1', {
    bios: 'debian13/fw_dynamic.bin',
    kernel: 'debian13/u-boot-s.bin',
  }),
  openSbi('1.1', 'opensbi 1.1-2', 'debian12'),
  openSbi('1.6', 'opensbi 1.6-1', 'debian13'),
  openSbi('1.9', 'opensbi 1.9-1', 'sid'),
  ...linux(),
];

export const LEFT_OUT: readonly GuestLeftOut[] = [
  {
    name: 'egos-2000, rvos, mini-riscv-os, the unmodified FreeRTOS demos',
    why: '32-bit: built for qemu-system-riscv32',
  },
  { name: 'rCore-Tutorial, RustSBI, osblog, core-os-riscv', why: 'need a Rust target that Debian 12 does not package' },
  {
    name: 'RT-Thread, Zephyr',
    why: 'the sources were not available for this test, and their builds download more files',
  },
  { name: 'EDK2 (qemu-efi-riscv64)', why: 'runs from the flash at 0x20000000, which this machine does not have' },
  { name: 'FreeBSD, NetBSD, OpenBSD', why: 'Debian does not package their kernels; not tested' },
  { name: 'xv6-riscv from 2025', why: 'no sources after September 2024 were available for this test' },
  { name: 'seL4', why: 'needs a root server, which is built with tools that Debian does not package; not tested' },
];

/**
 * The guests that run xv6 as of the end of a given month. One guest boots to the shell on three harts, as xv6's
 * Makefile specifies; two others run usertests, on one hart and on three harts. The commit that was the branch head in
 * August 2022 was still the head in March 2024.
 */
function xv6(
  name: string,
  commit: string,
  { virtio, usertests, hasPmp = true }: { virtio: 'modern' | 'legacy'; usertests: string; hasPmp?: boolean },
): Guest[] {
  const common = {
    source: `mit-pdos/xv6-riscv ${commit}`,
    kernel: `${name}/kernel`,
    disk: { image: `${name}/fs.img`, virtio },
    ...(hasPmp
      ? {}
      : {
          qemuNote:
            'it does not set up PMP, so supervisor mode cannot access memory (it runs with -cpu rv64,pmp=false)',
        }),
  };
  const tests = (harts: number): Guest => ({
    ...common,
    name: `${name} usertests on ${harts} hart${harts === 1 ? '' : 's'}`,
    what: `\`${usertests}\``,
    harts,
    typed: [{ after: '$ ', text: `${usertests}\n` }],
    expected: ['ALL TESTS PASSED'],
    secondsMax: 7200,
    isLong: true,
  });
  const boot: Guest = {
    ...common,
    name,
    what: 'teaching kernel, booted to the shell',
    harts: 3,
    typed: [{ after: '$ ', text: 'ls README\n' }],
    expected: ['xv6 kernel is booting', 'init: starting sh', 'README         2 2'],
    secondsMax: 300,
  };
  return [boot, tests(1), tests(3)];
}

function uBoot(name: string, source: string, files: Pick<Guest, 'bios' | 'kernel'>): Guest {
  return {
    name,
    what: 'boot loader, booted to the prompt',
    source: `Debian: ${source}`,
    ...files,
    typed: [
      { after: 'stop autoboot', text: '\n' },
      { after: '=> ', text: 'version\n' },
      { after: '=> ', text: 'poweroff\n' },
    ],
    expected: ['U-Boot 20', '=> ', 'U-Boot 20', 'poweroff ...'],
    secondsMax: 240,
  };
}

function openSbi(version: string, source: string, folder: string): Guest {
  return {
    name: `OpenSBI ${version}`,
    what: 'fw_jump without a payload',
    source: `Debian: ${source}`,
    harts: 2,
    bios: `${folder}/fw_jump.bin`,
    expected: [`OpenSBI v${version}`, 'Boot HART MEDELEG'],
    secondsMax: 120,
  };
}

/**
 * The guests that boot Debian's kernels. The initial RAM disk contains Debian's static busybox and a script that ends
 * with `poweroff`.
 */
function linux(): Guest[] {
  const busybox = {
    memory: '256M',
    initrd: 'debian13/busybox.cpio.gz',
    append: 'console=ttyS0',
    secondsMax: 900,
  };
  return [
    {
      ...busybox,
      name: 'Linux 6.12.117',
      what: 'with the built-in firmware; busybox-static 1.37.0 reads /dev/random and powers off',
      source: 'Debian: linux-image-6.12.117+deb13-riscv64',
      kernel: 'debian13/vmlinux',
      bios: 'default',
      expected: ['Linux version 6.12.117', 'userland: done'],
    },
    {
      ...busybox,
      name: 'Linux 6.12.117 on OpenSBI',
      what: 'on OpenSBI with two harts; the same userland',
      source: 'Debian: linux-image-6.12.117+deb13-riscv64, opensbi 1.6-1',
      harts: 2,
      bios: 'debian13/fw_dynamic.bin',
      kernel: 'debian13/vmlinux',
      expected: ['OpenSBI v1.6', 'Linux version 6.12.117', 'userland: done'],
    },
    {
      name: 'Debian installer',
      what: 'kernel and userland of the Debian 13 network installer, booted to the first question',
      source: 'Debian: debian-installer-13-netboot-riscv64 20250803+deb13u8',
      memory: '512M',
      bios: 'default',
      kernel: 'debian13/di-linux',
      initrd: 'debian13/di-initrd.gz',
      append: 'console=ttyS0',
      expected: ['Linux version 6.12', 'Select a language'],
      secondsMax: 3600,
      isLong: true,
    },
  ];
}
