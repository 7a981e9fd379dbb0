"""A Streamlit page: every click travels to Python and back over a websocket."""

import streamlit as st

st.set_page_config(page_title="Streamlit behind Jupyter", layout="centered")
st.title("Streamlit behind Jupyter")
st.write("Each click is sent to Python over a websocket, and the page is drawn anew.")

if st.button("Count"):
    st.session_state["clicks"] = st.session_state.get("clicks", 0) + 1
st.write(f"Clicks counted in Python: {st.session_state.get('clicks', 0)}")

upload = st.file_uploader("A file of any size goes through the proxy, too")
if upload is not None:
    st.write(f"{upload.name}: {upload.size} bytes")
