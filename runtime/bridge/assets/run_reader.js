// A worker that requests runs and hands them over in parts: to read the JSON of 10,000 spans would block the page.

const PART = 500;

async function answer({ url, session }) {
  const headers = session ? { authorization: `Bearer ${session}` } : {};
  const response = await fetch(url, { headers });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) return { error: body.error ?? `${response.status}`, status: response.status };
  const { span_list: spans, ...run } = body;
  return { run, spans };
}

onmessage = async ({ data }) => {
  const { number } = data;
  try {
    const { spans, ...first } = await answer(data);
    for (let at = 0; at < (spans?.length ?? 0); at += PART) postMessage({ number, part: spans.slice(at, at + PART) });
    postMessage({ number, ...first });
  } catch (error) {
    postMessage({ number, error: error.message });
  }
};
