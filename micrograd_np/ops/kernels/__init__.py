"""Plain numerics that rules call: einsum planning, windows, scattering. No registry is read here."""
