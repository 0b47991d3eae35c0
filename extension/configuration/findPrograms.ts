import { open } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { ELF_HEAD_BYTES, type FoundPrograms, isBootableElf, sortByLikelihood } from './templates.ts';

const PROGRAMS = '**/{*.elf,kernel,vmlinux,firmware}';
const DISKS = '**/{disk,fs,rootfs,hd0}*.{img,raw,qcow2}';
const NOT_IN = '**/{node_modules,.git,.blkreplay}/**';
/** The maximum number of files that are opened to read their first bytes. */
const FILES_MAX = 200;

/** Finds the kernels and disk images in a workspace folder. */
export async function findPrograms(folder: vscode.WorkspaceFolder): Promise<FoundPrograms> {
  const [programs, disks] = await Promise.all([find(folder, PROGRAMS), find(folder, DISKS)]);
  const bootable = await Promise.all(programs.map(isBootable));
  const kernels = programs.filter((_, i) => bootable[i]);
  return { kernels: sortByLikelihood(path, kernels), disks: sortByLikelihood(path, disks) };
}

async function find(folder: vscode.WorkspaceFolder, pattern: string): Promise<string[]> {
  const files = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, pattern), NOT_IN, FILES_MAX);
  return files.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
}

async function isBootable(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(ELF_HEAD_BYTES), 0, ELF_HEAD_BYTES, 0);
      return isBootableElf(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    // Do not offer an unreadable file.
    return false;
  }
}
