import type { Host } from '../base/host.ts';
import { formatterFileIsWrong } from '../../messages/formatters.ts';
import { type Notice, notice, UserError } from '../../messages/userError.ts';
import { FormatterMistake, parseNatvis, type Visualizer } from '../symbols/index.ts';

/**
 * Reads the user's natvis files. A file that cannot be read or contains an error is not used, and a notice reports it.
 * Unsupported elements are reported once per file.
 */
export function readFormatters(
  host: Host,
  files: readonly string[],
  onNotice: (notice: Notice) => void,
): readonly Visualizer[] {
  return files.flatMap((file) => {
    const isReported = new Set<string>();
    const ignored = (line: number, sentence: string): void => {
      if (!isReported.has(sentence)) onNotice(formatterFileIsWrong(file, line, sentence));
      isReported.add(sentence);
    };
    try {
      return parseNatvis(new TextDecoder().decode(host.files.readWhole(file, BYTES_MAX)), ignored);
    } catch (error) {
      if (error instanceof FormatterMistake) onNotice(formatterFileIsWrong(file, error.line, error.message));
      else if (error instanceof UserError) onNotice(notice(error.code, error.fields, error.problem, error.remedy));
      else throw error;
      return [];
    }
  });
}

const BYTES_MAX = 4 << 20;
