"""What the world outside is to servflow: one module per port and technology; none imports another."""
