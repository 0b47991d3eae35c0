/** All cases in translator.test.ts pass; `npm test` runs only a selection of them. */
import './translator.test.ts';
