import type { CommandLineCase } from './commandLineCase.ts';
import { ARCEOS } from './arceOs.ts';
import { BUILDROOT } from './buildroot.ts';
import { COREBOOT } from './coreboot.ts';
import { DEBIAN } from './debian.ts';
import { FEDORA } from './fedora.ts';
import { FREEBSD } from './freeBsd.ts';
import { FREERTOS } from './freeRtos.ts';
import { LIMINE } from './limine.ts';
import { NUTTX } from './nuttX.ts';
import { OPENSBI } from './openSbi.ts';
import { OPENSBI_TEE } from './openSbiTee.ts';
import { OSBLOG } from './osblog.ts';
import { RCORE } from './rCore.ts';
import { REDOX } from './redox.ts';
import { RISCV_LINUX } from './riscvLinux.ts';
import { RTTHREAD } from './rtThread.ts';
import { S3K } from './s3k.ts';
import { SEL4 } from './seL4.ts';
import { SV39 } from './sv39.ts';
import { THREADX } from './threadX.ts';
import { UBOOT } from './uBoot.ts';
import { UBUNTU } from './ubuntu.ts';
import { UEFI_FLASH } from './uefiFlash.ts';
import { XV6 } from './xv6.ts';
import { ZEPHYR } from './zephyr.ts';
import { ZIG_BARE_RISCV } from './zigBareRiscv.ts';

/** The command lines of all projects; each project has a file. */
export const COMMAND_LINES: readonly CommandLineCase[] = [
  ...XV6,
  ...FREERTOS,
  ...THREADX,
  ...ZEPHYR,
  ...NUTTX,
  ...UBOOT,
  ...OPENSBI,
  ...BUILDROOT,
  ...DEBIAN,
  ...FEDORA,
  ...UBUNTU,
  ...FREEBSD,
  ...RCORE,
  ...SEL4,
  ...REDOX,
  ...ARCEOS,
  ...RTTHREAD,
  ...S3K,
  ...OSBLOG,
  ...OPENSBI_TEE,
  ...RISCV_LINUX,
  ...LIMINE,
  ...ZIG_BARE_RISCV,
  ...UEFI_FLASH,
  ...SV39,
  ...COREBOOT,
];
