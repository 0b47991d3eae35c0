import type { Guest } from './guest.ts';

/** The files of one run: the guest's own files, which are only read, and files that are created for the run. */
export interface RunFiles {
  guestFile(name: string): string;
  /** The files that the guest writes to: a copy of the disk for QEMU, an overlay for blkreplay. */
  diskCopy: string;
  overlay: string;
  recording: string;
  typed: string;
}

/** The file names that a reader of docs/guests.md would enter in the guest's folder. */
export const SHOWN_FILES: RunFiles = {
  guestFile: (name) => name.slice(name.lastIndexOf('/') + 1),
  diskCopy: 'disk.img',
  overlay: 'disk.qcow2',
  recording: 'guest.rr',
  typed: 'typed.txt',
};

/** The options for running the guest on QEMU's `virt` board, with the console on stdin and stdout. */
export function qemuOptions(guest: Guest, files: RunFiles): string[] {
  const { bios = 'none', kernel, initrd, append, disk } = guest;
  const options = ['-M', 'virt', '-m', guest.memory ?? '128M', '-display', 'none', '-serial', 'stdio', '-net', 'none'];
  if (guest.harts) options.push('-smp', String(guest.harts));
  options.push('-bios', isFile(bios) ? files.guestFile(bios) : bios);
  if (kernel) options.push('-kernel', files.guestFile(kernel));
  if (initrd) options.push('-initrd', files.guestFile(initrd));
  if (append) options.push('-append', append);
  if (disk) {
    if (disk.virtio === 'modern') options.push('-global', 'virtio-mmio.force-legacy=false');
    options.push('-drive', `file=${files.diskCopy},if=none,format=raw,id=x0`);
    options.push('-device', 'virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0');
  }
  return [...options, ...(guest.qemuOptions ?? [])];
}

/** The options of `blkreplay record` for the same machine; `replay` accepts them too. */
export function blkreplayOptions(guest: Guest, files: RunFiles): string[] {
  const { bios, kernel, initrd, append, disk } = guest;
  const options: string[] = [];
  if (isFile(bios)) options.push('--bios', files.guestFile(bios));
  if (kernel) options.push('--kernel', files.guestFile(kernel));
  if (initrd) options.push('--initrd', files.guestFile(initrd));
  if (append) options.push('--append', append);
  if (guest.memory) options.push('--memory', guest.memory);
  if (guest.harts) options.push('--harts', String(guest.harts));
  if (disk) {
    const virtio = disk.virtio === 'legacy' ? ',virtio=legacy' : '';
    options.push('--drive', `id=x0,image=${files.guestFile(disk.image)},format=raw,overlay=${files.overlay}${virtio}`);
  }
  return [...options, ...(guest.ourOptions ?? [])];
}

/** The files required to run a guest. */
export function filesOf({ bios, kernel, initrd, disk }: Guest): string[] {
  return [isFile(bios) ? bios : undefined, kernel, initrd, disk?.image].filter((name) => name !== undefined);
}

function isFile(bios: Guest['bios']): bios is string {
  return bios !== undefined && bios !== 'none' && bios !== 'default';
}
