/** All cases in formatters.test.ts pass; `npm test` runs only a selection of them. */
import './formatters.test.ts';
