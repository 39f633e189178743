// A question by OpenAI's own client, streamed. Arguments: the address of /v1, the model, the question.
// Output: {text, annotations, error}.
import OpenAI from 'openai';

const [baseURL, model, question] = process.argv.slice(2);
const result = { text: '', annotations: [], error: null };
try {
  const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
  const messages = [{ role: 'user', content: question }];
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    for (const { delta } of chunk.choices) {
      result.text += delta.content ?? '';
      result.annotations.push(...(delta.annotations ?? []));
    }
  }
} catch (thrown) {
  result.error = { name: thrown.constructor.name, message: thrown.message, status: thrown.status ?? null };
}
console.log(JSON.stringify(result));
