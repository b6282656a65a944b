// POST to the portal as this page's person. The answer of the portal is JSON; no answer at all is { status: 0 }.
function token() {
  try { return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]; } catch { return ""; }
}

export async function post(url, fields = {}) {
  const body = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));
  const headers = { "X-CSRFToken": token(), Accept: "application/json" };
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body, headers, credentials: "same-origin", redirect: "manual" });
  } catch {
    return { status: 0, ok: false, data: {}, wait: 0 };
  }
  const data = await answer.json().catch(() => ({}));
  const led = answer.type === "opaqueredirect";
  return { status: led ? 302 : answer.status, ok: answer.ok || led, data, wait: Number(answer.headers.get("Retry-After")) || 0 };
}
