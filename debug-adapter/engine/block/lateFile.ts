import type { HostFile } from '../base/host.ts';

/** A new, empty file that the host creates only when something is first written to it. */
export class LateFile implements HostFile {
  readonly name: string;
  private create: () => HostFile;
  private file: HostFile | undefined;

  constructor(name: string, create: () => HostFile) {
    this.name = name;
    this.create = create;
  }

  readAt(offset: number, into: Uint8Array): number {
    return this.file?.readAt(offset, into) ?? 0;
  }

  writeAt(offset: number, from: Uint8Array): void {
    this.created().writeAt(offset, from);
  }

  length(): number {
    return this.file?.length() ?? 0;
  }

  truncate(length: number): void {
    if (this.file !== undefined || length > 0) this.created().truncate(length);
  }

  sync(): void {
    this.file?.sync();
  }

  close(): void {
    this.file?.close();
  }

  private created(): HostFile {
    return (this.file ??= this.create());
  }
}
