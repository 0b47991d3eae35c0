/** All cases in qemuImportText.test.ts pass; `npm test` runs only a selection of them. */
import './qemuImportText.test.ts';
