"""What puts load on a server, in processes of their own."""
