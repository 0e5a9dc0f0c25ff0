import { expect, test } from 'vitest';
import { formattedJson } from './formatted-json.ts';
import { fairwayJsonSchema } from './json-schema.ts';
import { referencePage } from './reference-page.ts';

// `npm run generate -w fairway` writes both files anew.

test('the committed JSON Schema is what the schema in the code says', async () => {
  const file = '../../../schema/fairway.schema.json';
  await expect(formattedJson(fairwayJsonSchema())).toMatchFileSnapshot(file);
});

test('the reference page is what the schema in the code says', async () => {
  await expect(referencePage()).toMatchFileSnapshot('../../../../../docs/reference/fairway-yml.md');
});
