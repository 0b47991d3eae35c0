/**
 * A QEMU command line of a well-known project, with the configuration that the import makes from it. `source` is where
 * the command line is published. Makefiles and scripts are shortened to what the command depends on, and line breaks in
 * single commands are removed.
 */
export interface CommandLineCase {
  name: string;
  source: string;
  /** The name of the file, if it determines the kind of text or the folder; otherwise empty. */
  file: string;
  folder: string;
  text: string;
  /** The configuration, without `type` and `request`. */
  expected: object;
  /** The options that are not imported as in QEMU. */
  unmapped: string[];
}
